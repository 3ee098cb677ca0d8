-- Calls a task off, wherever it is: one that waits will never start, the worker of one in flight is told.
-- KEYS[1] r:<bucket> or id:<id>  HASH|STRING  record
-- KEYS[2] groups                 ZSET    lease group -> expiry in ms
-- KEYS[3] scheduled              ZSET    task id -> due in ms
-- KEYS[4] scheduled:d            HASH    task id -> message
-- KEYS[5] retry                  ZSET    task id -> due in ms
-- KEYS[6] retry:d                HASH    task id -> message
-- KEYS[7] parked                 HASH    task id -> message of a dead, cancelled or expired task
-- KEYS[8] cancelled              ZSET    task id -> forget at, in ms
-- KEYS[9] withdrawn              SET     ids that were called off and are still on a list
-- KEYS[10] stopping              SET     ids in flight that are called off
-- KEYS[11] counters              HASH    name -> total
-- KEYS[12] progress              HASH    task id -> what its handler reported last
-- KEYS[13] crashes               HASH    task id -> how often its worker died
-- KEYS[14] waiters               SET     ids that somebody waits for
-- ARGV    prefix of the queue's keys, id, slot in the bucket or "", record as it was read or "", record of the
--         cancelled task, forget at in ms, key of its unique lock or "", channel of ended tasks, channel of those to stop
-- RETURNS {OK, now}, {LEASED, now} when it is in flight, or {CHANGED, now} when it is not as it was read
-- OOM     runs: ZREM comes first and unlocks the rest
local now = now_ms()
local prefix, id, slot, old, new, forget_at, lock, done, stop = unpack(ARGV)
local refused = wrong_type(
  KEYS[1], slot == '' and 'string' or 'hash', KEYS[3], 'zset', KEYS[4], 'hash', KEYS[5], 'zset', KEYS[6], 'hash',
  KEYS[7], 'hash', KEYS[8], 'zset', KEYS[9], 'set', KEYS[10], 'set', KEYS[11], 'hash', KEYS[12], 'hash',
  KEYS[13], 'hash', KEYS[14], 'set'
)
refused = refused or lock ~= '' and wrong_type(lock, 'string')
if refused then
  return refused
end
local record = record_of(prefix, id) or ''
if record == new then
  return {'OK', now} -- sent again
end
if record ~= old then
  return {'CHANGED', now}
end
if group_of(KEYS[2], prefix, id) then
  redis.call('ZREM', KEYS[8], id)
  redis.call('SADD', KEYS[10], id)
  redis.call('PUBLISH', stop, id)
  return {'LEASED', now}
end
local message = redis.call('HGET', KEYS[4], id) or redis.call('HGET', KEYS[6], id)
if not message and string.sub(record, 1, 1) ~= '.' then
  return {'CHANGED', now}
end
redis.call('ZREM', KEYS[3], id)
redis.call('ZREM', KEYS[5], id)
redis.call('HDEL', KEYS[4], id)
redis.call('HDEL', KEYS[6], id)
if message then
  redis.call('HSET', KEYS[7], id, message)
else
  redis.call('SADD', KEYS[9], id) -- it is ready: a fetch that comes upon it drops it
end
redis.call('ZADD', KEYS[8], forget_at, id)
put_record(prefix, id, new)
if lock ~= '' then
  unlock(lock, id)
end
redis.call('HDEL', KEYS[12], id)
redis.call('HDEL', KEYS[13], id)
redis.call('HINCRBY', KEYS[11], 'cancelled', 1)
ring(KEYS[14], done, {id})
return {'OK', now}
