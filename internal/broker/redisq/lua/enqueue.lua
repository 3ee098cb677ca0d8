-- Puts new tasks with ids of our own on their queue. All or nothing; run twice, it adds nothing.
-- KEYS[1] ready        LIST  messages, pushed left, taken right
-- KEYS[2] ready:high   LIST  messages of high priority
-- KEYS[3] ready:low    LIST  messages of low priority
-- KEYS[4] scheduled    ZSET  task id -> due in ms
-- KEYS[5] scheduled:d  HASH  task id -> message
-- KEYS[6] counters     HASH  name -> total
-- KEYS[7] gate         HASH  limits of the queue
-- KEYS[8] r:<bucket>*  HASH  slot -> record; one key for each bucket
-- ARGV    prefix of the queue's keys; for each bucket: n, then n times slot, record; then n, n messages
--         for each ready list; then n, n times due in ms, id, message
-- RETURNS {OK, now}; {FULL, now, tasks there is room for}; {DRAINING, now}; or {DUPLICATE, now} when the
--         first id of a bucket is that of an older task: Redis has lost its last writes, and gives out numbers again
-- OOM     refused before the first write: nothing is written
local now = now_ms()
local prefix = take()
-- What is read here need not be checked for its type: reading it fails before anything is written.
local buckets, total = {}, 0
for key = 8, #KEYS do
  local n = tonumber(take())
  local at = cursor + 1
  local known = redis.call('HGET', KEYS[key], ARGV[at])
  if known then
    -- The time it was enqueued at stays in a record: the same one means the same call, sent again.
    local same = string.match(known, '"e":(%d+)') == string.match(ARGV[at + 1], '"e":(%d+)')
    return {same and 'OK' or 'DUPLICATE', now}
  end
  buckets[key], total = take_list(n * 2), total + n
end
local why, room, drained = refusal(KEYS[7], prefix, total)
if why == 'DRAINING' then
  return {'DRAINING', now}
elseif why == 'FULL' then
  return {'FULL', now, room}
end
local lists = {}
for list = 1, 3 do
  lists[list] = take_list(tonumber(take()))
end
local scheduled = tonumber(take())
local refused = wrong_type(KEYS[1], 'list', KEYS[6], 'hash')
if #lists[2] + #lists[3] > 0 then
  refused = refused or wrong_type(KEYS[2], 'list', KEYS[3], 'list')
end
if scheduled > 0 then
  refused = refused or wrong_type(KEYS[4], 'zset', KEYS[5], 'hash')
end
if refused then
  return refused
end
for list, messages in ipairs(lists) do
  if #messages > 0 then
    redis.call('LPUSH', KEYS[list], unpack(messages))
    if list > 1 and redis.call('EXISTS', KEYS[1]) == 0 then
      redis.call('LPUSH', KEYS[1], '')
    end
  end
end
for _ = 1, scheduled do
  local due, id, message = take(), take(), take()
  redis.call('ZADD', KEYS[4], due, id)
  redis.call('HSET', KEYS[5], id, message)
end
for key = 8, #KEYS do
  redis.call('HSET', KEYS[key], unpack(buckets[key]))
end
redis.call('HINCRBY', KEYS[6], 'enqueued', total)
if drained then
  redis.call('HDEL', KEYS[7], 'draining')
end
return {'OK', now}
