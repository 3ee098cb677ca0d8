-- Forgets finished tasks of an index whose time is over, and the oldest above a number. Dead letters
-- are counted, as nobody asked for it.
-- KEYS[1] finished:at|dead|cancelled|expired  ZSET  task id -> ms
-- KEYS[2] parked                              HASH  task id -> message
-- KEYS[3] counters                            HASH  name -> total
-- ARGV    prefix of the queue's keys, ms that is subtracted from now to give the highest score to
--         forget, most tasks to forget, most tasks to keep, mark of these tasks' records
-- RETURNS {OK, now, tasks forgotten, of them: above the number}
-- OOM     runs: ZREM and HDEL free memory
local now = now_ms()
local prefix, age, most, cap, mark = take(), tonumber(take()), tonumber(take()), tonumber(take()), take()
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', text(now - age), 'LIMIT', 0, most)
local aged = #ids
if aged == 0 then
  local surplus = math.min(redis.call('ZCARD', KEYS[1]) - cap, most)
  if surplus > 0 then
    ids = redis.call('ZRANGE', KEYS[1], 0, surplus - 1)
  end
end
local refused = wrong_type(KEYS[2], 'hash', KEYS[3], 'hash')
if refused then
  return refused
end
if #ids > 0 then
  if mark ~= 'D' then
    redis.call('ZREM', KEYS[1], unpack(ids))
  end
  for _, id in ipairs(ids) do
    if mark == 'D' then
      leave_dead(prefix, id, fingerprint_of(record_of(prefix, id)))
    end
    if forget_record(prefix, id, mark, now, aged == 0) then
      redis.call('HDEL', KEYS[2], id)
    end
  end
  if mark == 'D' then
    redis.call('HINCRBY', KEYS[3], 'evicted', #ids)
  end
end
return {'OK', now, #ids, #ids - aged}
