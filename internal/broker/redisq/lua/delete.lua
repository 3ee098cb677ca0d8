-- Forgets a task that is not in flight.
-- KEYS[1] r:<bucket> or id:<id>  HASH|STRING  record
-- KEYS[2] groups                 ZSET    lease group -> expiry in ms
-- KEYS[3] scheduled              ZSET    task id -> due in ms
-- KEYS[4] scheduled:d            HASH    task id -> message
-- KEYS[5] retry                  ZSET    task id -> due in ms
-- KEYS[6] retry:d                HASH    task id -> message
-- KEYS[7] dead                   ZSET    task id -> died at, in ms
-- KEYS[8] cancelled              ZSET    task id -> forget at, in ms
-- KEYS[9] expired                ZSET    task id -> forget at, in ms
-- KEYS[10] parked                HASH    task id -> message of a dead, cancelled or expired task
-- KEYS[11] finished              LIST    ids of succeeded tasks, oldest left
-- KEYS[12] finished:at           ZSET    task id -> forget at, in ms; succeeded tasks of another retention
-- KEYS[13] withdrawn             SET     ids that were called off and are still on a list
-- KEYS[14] counters              HASH    name -> total
-- KEYS[15] progress              HASH    task id -> what its handler reported last
-- KEYS[16] crashes               HASH    task id -> how often its worker died
-- KEYS[17] errors                HASH    fingerprint -> error of one of its dead letters
-- KEYS[18] waiters               SET     ids that somebody waits for
-- KEYS[19] gate                  HASH    what carries the queue's tasks
-- KEYS[20] deleted               ZSET    ids of deleted tasks that a carrier may bring again -> forget at, in ms
-- ARGV    prefix of the queue's keys, id, slot in the bucket or "", record as it was read or "", fingerprint of a
--         dead letter or "", key of its unique lock or "", channel of ended tasks
-- RETURNS {OK, now}, {LEASED, now} when it is in flight, {GONE, now} when nothing is known of it any more, or
--         {CHANGED, now} when it is not as it was read
-- OOM     runs: ZREM comes first and unlocks the rest
local now = now_ms()
local prefix, id, slot, old, fingerprint, lock, done = unpack(ARGV)
local group = prefix .. 'dead:' .. fingerprint
local refused = wrong_type(
  KEYS[1], slot == '' and 'string' or 'hash', KEYS[3], 'zset', KEYS[4], 'hash', KEYS[5], 'zset', KEYS[6], 'hash',
  KEYS[7], 'zset', KEYS[8], 'zset', KEYS[9], 'zset', KEYS[10], 'hash', KEYS[11], 'list', KEYS[12], 'zset',
  KEYS[13], 'set', KEYS[14], 'hash', KEYS[15], 'hash', KEYS[16], 'hash', KEYS[17], 'hash', KEYS[18], 'set',
  KEYS[19], 'hash', KEYS[20], 'zset', group, 'zset', prefix .. 'dead:other', 'zset'
)
refused = refused or lock ~= '' and wrong_type(lock, 'string')
if refused then
  return refused
end
if group_of(KEYS[2], prefix, id) then
  return {'LEASED', now}
end
local record = record_of(prefix, id) or ''
local bodies = redis.call('HEXISTS', KEYS[4], id) + redis.call('HEXISTS', KEYS[6], id) + redis.call('HEXISTS', KEYS[10], id)
if record == '' and bodies == 0 then
  return {'GONE', now}
end
if record ~= old then
  return {'CHANGED', now}
end
redis.call('ZREM', KEYS[8], id)
for _, index in ipairs({KEYS[3], KEYS[5], KEYS[9], KEYS[12]}) do
  redis.call('ZREM', index, id)
end
leave_dead(prefix, id, fingerprint)
for _, hash in ipairs({KEYS[4], KEYS[6], KEYS[10], KEYS[15], KEYS[16]}) do
  redis.call('HDEL', hash, id)
end
local mark = string.sub(record, 1, 1)
if mark == '.' and bodies == 0 then
  redis.call('SADD', KEYS[13], id) -- it is ready: a fetch that comes upon it drops it
elseif mark == 'S' then
  -- What is not near an end of the list stays on it, and is counted, until the janitor comes to it.
  for _, rank in ipairs({1, -1}) do
    if redis.call('LPOS', KEYS[11], id, 'RANK', rank, 'MAXLEN', 1000) then
      redis.call('LREM', KEYS[11], rank, id)
      break
    end
  end
end
put_record(prefix, id, '')
-- A carrier may have its message twice, or bring again what is over: an hour later it does not.
if redis.call('HEXISTS', KEYS[19], 'carrier') == 1 then
  redis.call('ZREMRANGEBYSCORE', KEYS[20], '-inf', text(now))
  redis.call('ZADD', KEYS[20], text(now + 3600000), id)
  redis.call('PEXPIRE', KEYS[20], 3600000)
end
if lock ~= '' then
  unlock(lock, id)
end
redis.call('HINCRBY', KEYS[14], 'deleted', 1)
ring(KEYS[18], done, {id})
return {'OK', now}
