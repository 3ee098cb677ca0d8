-- Admits a bare message that a worker holds: gives it its id, and a record where none is.
-- KEYS[1] if:<group>            HASH         task id -> message in flight; #c is how many claims of the worker there were
-- KEYS[2] scheduled             ZSET         task id -> due in ms
-- KEYS[3] scheduled:d           HASH         task id -> message
-- KEYS[4] counters              HASH         name -> total
-- KEYS[5] gate                  HASH         how many tasks are in flight
-- KEYS[6] withdrawn             SET          ids that were called off and are still on a list
-- KEYS[7] r:<bucket> or id:<id> HASH|STRING  record
-- KEYS[8] unique:<hash>         STRING       mode and id of the task that has the unique key, if there is one
-- ARGV    prefix of the queue's keys, least #c, field that the message has now, id, due in ms or 0, message, record,
--         slot in the bucket or "", mode of the unique key, how long it is held in ms or 0
-- RETURNS {status, now, #c}: OK, SCHEDULED (given up until it is due), REPLACED (it took the place of the task that
--         has the unique key, and is given up); or, when nothing was written, {DUPLICATE, now}: the id is taken;
--         {TAKEN, now, id}: that task has the unique key; {FENCED, now}; {FORGOT, now}: #c is below the least, so
--         that Redis has lost a claim that it had answered
-- OOM     runs: HDEL comes first and unlocks the rest
local now = now_ms()
local prefix, least, field, id, due, message, record, slot, mode, ttl = unpack(ARGV)
local lock = KEYS[8]
local claims = tonumber(redis.call('HGET', KEYS[1], '#c') or 0)
if claims < tonumber(least) then
  return {'FORGOT', now}
end
if redis.call('HEXISTS', KEYS[1], field) == 0 then
  if redis.call('HEXISTS', KEYS[1], id) == 1 then
    return {'OK', now, claims} -- sent again: claimed by the first sending
  end
  if due ~= '0' and redis.call('HEXISTS', KEYS[3], id) == 1 then
    return {'SCHEDULED', now, claims}
  end
  return {'FENCED', now}
end
local refused = wrong_type(
  KEYS[2], 'zset', KEYS[3], 'hash', KEYS[4], 'hash', KEYS[5], 'hash', KEYS[6], 'set',
  KEYS[7], slot == '' and 'string' or 'hash'
)
refused = refused or lock and wrong_type(lock, 'string')
if refused then
  return refused
end
-- Of an id that is withdrawn, the message of the task before is still to be dropped.
if record_of(prefix, id) or redis.call('SISMEMBER', KEYS[6], id) == 1 then
  return {'DUPLICATE', now}
end
local held, holder
if lock then
  held, holder = holder_of(lock, prefix)
  if held and not (held == 'd' and mode == 'd') then
    return {'TAKEN', now, holder}
  end
end
redis.call('HDEL', KEYS[1], field)
claims = redis.call('HINCRBY', KEYS[1], '#c', 1)
if held then
  due, message = due == '0' and text(now) or due, renamed(message, id, holder)
  id = holder
end
if due == '0' then
  redis.call('HSET', KEYS[1], id, message)
else
  redis.call('ZADD', KEYS[2], due, id)
  redis.call('HSET', KEYS[3], id, message)
  redis.call('HINCRBY', KEYS[5], 'inflight', -1)
end
put_record(prefix, id, record)
if held then
  return {'REPLACED', now, claims}
end
if lock then
  give_key(lock, mode, id, ttl)
end
redis.call('HINCRBY', KEYS[4], 'enqueued', 1)
return {due == '0' and 'OK' or 'SCHEDULED', now, claims}
