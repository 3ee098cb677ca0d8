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
-- RETURNS {OK, now}; {FULL, now, tasks there is room for}; {DRAINING, now}; or {DUPLICATE, now} when an id
--         is that of an older task: Redis has lost its last writes, and gives out numbers again
-- OOM     refused before the first write: nothing is written
local now = now_ms()
local prefix = take()
-- What is read here need not be checked for its type: reading it fails before anything is written.
local buckets, total, sent_again = {}, 0, false
for key = 8, #KEYS do
  local n = tonumber(take())
  buckets[key], total = take_list(n * 2), total + n
  local slots = {}
  if n == 1 or redis.call('HLEN', KEYS[key]) > 0 then
    for i = 1, n do
      slots[i] = buckets[key][2 * i - 1]
    end
  end
  for i, known in ipairs(#slots > 0 and redis.call('HMGET', KEYS[key], unpack(slots)) or slots) do
    -- The time it was enqueued at stays in a record: the same one means the same call, sent again.
    if known and string.match(known, '"e":(%d+)') ~= string.match(buckets[key][2 * i], '"e":(%d+)') then
      return {'DUPLICATE', now}
    end
    sent_again = sent_again or known
  end
end
if sent_again then
  return {'OK', now}
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
