-- Corrects the number of tasks that wait at the carrier by what the carrier says.
-- KEYS[1] gate  HASH  how many tasks are at the carrier
-- ARGV    least, most
-- RETURNS {OK, now, tasks at the carrier}
-- OOM     runs: HDEL comes first and unlocks the HSET
local now = now_ms()
local least, most = tonumber(take()), tonumber(take())
local before = tonumber(redis.call('HGET', KEYS[1], 'away') or 0)
local after = math.max(0, math.min(math.max(before, least), most))
if after ~= before then
  redis.call('HDEL', KEYS[1], 'away')
  if after > 0 then
    redis.call('HSET', KEYS[1], 'away', text(after))
  end
end
return {'OK', now, after}
