-- Admits a bare message that a worker holds: gives it its id, and a record where none is.
-- KEYS[1] if:<group>            HASH         task id -> message in flight
-- KEYS[2] scheduled             ZSET         task id -> due in ms
-- KEYS[3] scheduled:d           HASH         task id -> message
-- KEYS[4] counters              HASH         name -> total
-- KEYS[5] r:<bucket> or id:<id> HASH|STRING  record
-- ARGV    field that the message has now, id, due in ms or 0, message, record, slot in the bucket or ""
-- RETURNS {status, now}: OK, SCHEDULED (given up until it is due), DUPLICATE (the id is taken,
--         nothing was written) or FENCED
-- OOM     runs: HDEL comes first and unlocks the rest
local now = now_ms()
local field, id, due, message, record, slot = take(), take(), take(), take(), take(), take()
if redis.call('HEXISTS', KEYS[1], field) == 0 then
  if redis.call('HEXISTS', KEYS[1], id) == 1 then
    return {'OK', now} -- sent again: claimed by the first sending
  end
  if due ~= '0' and redis.call('HEXISTS', KEYS[3], id) == 1 then
    return {'SCHEDULED', now}
  end
  return {'FENCED', now}
end
local refused = wrong_type(KEYS[2], 'zset', KEYS[3], 'hash', KEYS[4], 'hash', KEYS[5], slot == '' and 'string' or 'hash')
if refused then
  return refused
end
local known
if slot == '' then
  known = redis.call('EXISTS', KEYS[5])
else
  known = redis.call('HEXISTS', KEYS[5], slot)
end
if known == 1 then
  return {'DUPLICATE', now}
end
redis.call('HDEL', KEYS[1], field)
if due == '0' then
  redis.call('HSET', KEYS[1], id, message)
else
  redis.call('ZADD', KEYS[2], due, id)
  redis.call('HSET', KEYS[3], id, message)
end
if slot == '' then
  redis.call('SET', KEYS[5], record)
else
  redis.call('HSET', KEYS[5], slot, record)
end
redis.call('HINCRBY', KEYS[4], 'enqueued', 1)
return {due == '0' and 'OK' or 'SCHEDULED', now}
