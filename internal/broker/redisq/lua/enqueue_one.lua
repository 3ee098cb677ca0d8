-- Puts one new task on its queue whose id the producer chose, or that has a unique key.
-- KEYS[1] ready                 LIST         messages, pushed left, taken right
-- KEYS[2] ready:high            LIST         messages of high priority
-- KEYS[3] ready:low             LIST         messages of low priority
-- KEYS[4] scheduled             ZSET         task id -> due in ms
-- KEYS[5] scheduled:d           HASH         task id -> message
-- KEYS[6] counters              HASH         name -> total
-- KEYS[7] gate                  HASH         limits of the queue, how many tasks are at its carrier
-- KEYS[8] withdrawn             SET          ids that were called off and are still on a list
-- KEYS[9] r:<bucket> or id:<id> HASH|STRING  record
-- KEYS[10] unique:<hash>        STRING       mode and id of the task that has the unique key, if there is one
-- ARGV    prefix of the queue's keys, nonce of this enqueue, due in ms or 0 for ready, id, message, record,
--         slot in the bucket or "", mode of the unique key, how long it is held in ms or 0, where it came from:
--         "" a producer; "carrier" the queue's carrier, so that there is room for it, whatever the limits; "relay" too,
--         and it was counted there
-- RETURNS {OK, now}; {DUPLICATE, now} when the id is taken; {TAKEN, now, id} when that task has the unique
--         key; {REPLACED, now, id} when this one took the place of that task; {FULL, now}; {DRAINING, now}
-- OOM     refused before the first write: nothing is written
local now = now_ms()
local prefix, nonce, due, id, message, record, slot, mode, ttl, from = unpack(ARGV)
local lock = KEYS[10]
local refused = wrong_type(
  KEYS[1], 'list', KEYS[2], 'list', KEYS[3], 'list', KEYS[4], 'zset', KEYS[5], 'hash', KEYS[6], 'hash', KEYS[7], 'hash',
  KEYS[8], 'set', KEYS[9], slot == '' and 'string' or 'hash'
)
refused = refused or lock and wrong_type(lock, 'string')
if refused then
  return refused
end
-- Whether this very call has written the record. Its nonce stays there where the producer chose the id; of an
-- id of ours, which no two calls have unless Redis lost its last writes, the time is enough once it has run.
local function same_call(known)
  local theirs = nonce_of(known)
  if theirs or slot == '' then
    return theirs == nonce
  end
  return string.match(known, '"e":(%d+)') == string.match(record, '"e":(%d+)')
end
local known = record_of(prefix, id)
if known then
  return {same_call(known) and 'OK' or 'DUPLICATE', now}
end
if redis.call('SISMEMBER', KEYS[8], id) == 1 then
  return {'DUPLICATE', now} -- the message of the one before is still to be dropped
end
if lock then
  local held, holder, theirs = holder_of(lock, prefix)
  if held and theirs and nonce_of(theirs) == nonce then
    return {'REPLACED', now, holder} -- sent again
  end
  if held and from == 'relay' then
    redis.call('HINCRBY', KEYS[7], 'away', -1)
  end
  if held == 'd' and mode == 'd' then
    redis.call('ZADD', KEYS[4], due == '0' and text(now) or due, holder)
    redis.call('HSET', KEYS[5], holder, renamed(message, id, holder))
    put_record(prefix, holder, record)
    return {'REPLACED', now, holder}
  elseif held then
    return {'TAKEN', now, holder}
  end
end
local why, room
if from == '' then
  why, room = refusal(KEYS[7], prefix, 1)
elseif from == 'relay' then
  redis.call('HINCRBY', KEYS[7], 'away', -1)
end
if why == 'DRAINING' then
  return {'DRAINING', now}
elseif why == 'FULL' then
  return {'FULL', now, room}
end
if due == '0' then
  push_ready(KEYS[1], KEYS[2], KEYS[3], {message})
else
  redis.call('ZADD', KEYS[4], due, id)
  redis.call('HSET', KEYS[5], id, message)
end
put_record(prefix, id, record)
if lock then
  give_key(lock, mode, id, ttl)
end
redis.call('HINCRBY', KEYS[6], 'enqueued', 1)
if from == '' then
  redis.call('HDEL', KEYS[7], 'draining')
end
return {'OK', now}
