-- Makes a dead, cancelled or expired task ready.
-- KEYS[1] r:<bucket> or id:<id>  HASH|STRING  record
-- KEYS[2] ready                  LIST    messages, pushed left, taken right
-- KEYS[3] ready:high             LIST    messages of high priority
-- KEYS[4] ready:low              LIST    messages of low priority
-- KEYS[5] dead                   ZSET    task id -> died at, in ms
-- KEYS[6] cancelled              ZSET    task id -> forget at, in ms
-- KEYS[7] expired                ZSET    task id -> forget at, in ms
-- KEYS[8] parked                 HASH    task id -> message of a dead, cancelled or expired task
-- KEYS[9] withdrawn              SET     ids that were called off and are still on a list
-- KEYS[10] counters              HASH    name -> total
-- KEYS[11] errors                HASH    fingerprint -> error of one of its dead letters
-- ARGV    prefix of the queue's keys, id, slot in the bucket or "", record as it was read or "", record of the
--         ready task, its message or "" when that is not parked, fingerprint of a dead letter or "", key of its
--         unique lock or "" when it takes none, letter of the lock's mode, how long it is held in ms or 0
-- RETURNS {OK, now}, {TAKEN, now, id} when that task has the unique key, or {CHANGED, now} when the task is not
--         as it was read
-- OOM     runs: ZREM comes first and unlocks the rest
local now = now_ms()
local prefix, id, slot, old, new, message, fingerprint, lock, mode, ttl = unpack(ARGV)
local group = prefix .. 'dead:' .. fingerprint
local refused = wrong_type(
  KEYS[1], slot == '' and 'string' or 'hash', KEYS[2], 'list', KEYS[3], 'list', KEYS[4], 'list', KEYS[5], 'zset',
  KEYS[6], 'zset', KEYS[7], 'zset', KEYS[8], 'hash', KEYS[9], 'set', KEYS[10], 'hash', KEYS[11], 'hash',
  group, 'zset', prefix .. 'dead:other', 'zset'
)
refused = refused or lock ~= '' and wrong_type(lock, 'string')
if refused then
  return refused
end
local record = record_of(prefix, id) or ''
if record == new then
  return {'OK', now} -- sent again
end
local listed = redis.call('SISMEMBER', KEYS[9], id) == 1
local parked = redis.call('HEXISTS', KEYS[8], id) == 1
if record ~= old or listed == (message ~= '') or not listed and not parked then
  return {'CHANGED', now}
end
if lock ~= '' then
  local held, holder = holder_of(lock, prefix)
  if held and holder ~= id then
    return {'TAKEN', now, holder}
  end
end
redis.call('ZREM', KEYS[6], id)
redis.call('ZREM', KEYS[7], id)
leave_dead(prefix, id, fingerprint)
redis.call('HDEL', KEYS[8], id)
put_record(prefix, id, new)
if listed then
  redis.call('SREM', KEYS[9], id) -- it is where it was
else
  push_ready(KEYS[2], KEYS[3], KEYS[4], {message})
end
if lock ~= '' then
  give_key(lock, mode, id, ttl)
end
redis.call('HINCRBY', KEYS[10], 'revived', 1)
return {'OK', now}
