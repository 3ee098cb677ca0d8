-- Notes a queue's totals, unless somebody has done so lately.
-- KEYS[1] samples   LIST  times and totals, newest left
-- KEYS[2] counters  HASH  name -> total
-- ARGV    ms from one sample to the next, ms for which they are kept
-- RETURNS {OK, now}
-- OOM     runs: HDEL comes first and unlocks the LPUSH
local now = now_ms()
local every, keep = tonumber(ARGV[1]), tonumber(ARGV[2])
local function age(sample)
  return sample and now - tonumber(string.match(sample, '^%d+') or 0)
end
local newest = age(redis.call('LINDEX', KEYS[1], 0))
if newest and newest >= 0 and newest < every then
  return {'OK', now}
end
local words = {text(now)}
for i, word in ipairs(redis.call('HGETALL', KEYS[2])) do
  words[i + 1] = word
end
redis.call('HDEL', KEYS[2], '')
redis.call('LPUSH', KEYS[1], table.concat(words, ' '))
while age(redis.call('LINDEX', KEYS[1], -1)) > keep do
  redis.call('RPOP', KEYS[1])
end
return {'OK', now}
