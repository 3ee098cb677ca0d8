-- Puts new tasks with ids of our own on their queue. All or nothing; run twice, it adds nothing.
-- KEYS[1] ready        LIST  messages, pushed left, taken right
-- KEYS[2] scheduled    ZSET  task id -> due in ms
-- KEYS[3] scheduled:d  HASH  task id -> message
-- KEYS[4] counters     HASH  name -> total
-- KEYS[5] r:<bucket>*  HASH  slot -> record; one key for each bucket
-- ARGV    for each bucket: n, then n times slot, record; then n, n ready messages; then n, n times
--         due in ms, id, message
-- RETURNS {OK, now}, or {DUPLICATE, now} when the first id is that of an older task: Redis has lost
--         its last writes, and gives out numbers again
-- OOM     refused before the first write: nothing is written
local now = now_ms()
local refused = wrong_type(KEYS[1], 'list', KEYS[2], 'zset', KEYS[3], 'hash', KEYS[4], 'hash')
for key = 5, #KEYS do
  refused = refused or wrong_type(KEYS[key], 'hash')
end
if refused then
  return refused
end
local known = redis.call('HGET', KEYS[5], ARGV[2])
if known then
  -- The time it was enqueued at stays in a record: the same one means the same call, sent again.
  local same = string.match(known, '"e":(%d+)') == string.match(ARGV[3], '"e":(%d+)')
  return {same and 'OK' or 'DUPLICATE', now}
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
