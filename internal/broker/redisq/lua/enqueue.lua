-- Puts new tasks with ids of our own on their queue. All or nothing; run twice, it adds nothing.
-- KEYS[1] ready        LIST  messages, pushed left, taken right
-- KEYS[2] scheduled    ZSET  task id -> due in ms
-- KEYS[3] scheduled:d  HASH  task id -> message
-- KEYS[4] counters     HASH  name -> total
-- KEYS[5] r:<bucket>*  HASH  slot -> record; one key for each bucket
-- ARGV    for each bucket: n, then n times slot, record; then n, n ready messages; then n, n times
--         due in ms, id, message
-- RETURNS {OK, now}
-- OOM     refused before the first write: nothing is written
local now = now_ms()
if redis.call('HEXISTS', KEYS[5], ARGV[2]) == 1 then
  return {'OK', now} -- sent again by the client library: the first of its records is there
end
local buckets = {}
for key = 5, #KEYS do
  buckets[key] = take_list(tonumber(take()) * 2)
end
local ready = take_list(tonumber(take()))
local scheduled = tonumber(take())
if #ready > 0 then
  redis.call('LPUSH', KEYS[1], unpack(ready))
end
for _ = 1, scheduled do
  local due, id, message = take(), take(), take()
  redis.call('ZADD', KEYS[2], due, id)
  redis.call('HSET', KEYS[3], id, message)
end
for key = 5, #KEYS do
  redis.call('HSET', KEYS[key], unpack(buckets[key]))
end
redis.call('HINCRBY', KEYS[4], 'enqueued', #ready + scheduled)
return {'OK', now}
