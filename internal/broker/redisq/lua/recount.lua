-- Counts the tasks in flight anew, in O(workers).
-- KEYS[1] gate    HASH  limits and their state
-- KEYS[2] groups  ZSET  lease group -> expiry in ms
-- ARGV    prefix of the queue's keys
-- RETURNS {OK, now, tasks in flight}
-- OOM     runs: HDEL comes first and unlocks the HSET
local now = now_ms()
local count = 0
for _, group in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  count = count + in_flight(ARGV[1] .. 'if:' .. group)
end
redis.call('HDEL', KEYS[1], 'inflight')
if count > 0 then
  redis.call('HSET', KEYS[1], 'inflight', count)
end
return {'OK', now, count}
