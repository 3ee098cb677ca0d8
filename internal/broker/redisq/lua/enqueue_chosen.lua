-- Puts one new task on its queue, whose id the producer chose.
-- KEYS[1] ready        LIST    messages, pushed left, taken right
-- KEYS[2] scheduled    ZSET    task id -> due in ms
-- KEYS[3] scheduled:d  HASH    task id -> message
-- KEYS[4] counters     HASH    name -> total
-- KEYS[5] id:<id>      STRING  record
-- ARGV    nonce of this enqueue, due in ms or 0 for ready, id, message, record
-- RETURNS {OK, now} or {DUPLICATE, now}
-- OOM     refused before the first write: nothing is written
local now = now_ms()
local nonce, due, id, message, record = take(), take(), take(), take(), take()
local refused = wrong_type(KEYS[1], 'list', KEYS[2], 'zset', KEYS[3], 'hash', KEYS[4], 'hash', KEYS[5], 'string')
if refused then
  return refused
end
local known = redis.call('GET', KEYS[5])
if known then
  -- The record of a task that has not finished has the nonce: the same call, sent again.
  return {string.find(known, nonce, 1, true) and 'OK' or 'DUPLICATE', now}
end
if due == '0' then
  redis.call('LPUSH', KEYS[1], message)
else
  redis.call('ZADD', KEYS[2], due, id)
  redis.call('HSET', KEYS[3], id, message)
end
redis.call('SET', KEYS[5], record)
redis.call('HINCRBY', KEYS[4], 'enqueued', 1)
return {'OK', now}
