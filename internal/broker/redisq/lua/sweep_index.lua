-- Forgets finished tasks of an index whose time is over, and the oldest above a number.
-- KEYS[1] finished:at|dead|cancelled|expired  ZSET  task id -> ms
-- KEYS[2] parked                              HASH  task id -> message
-- KEYS[3] errors                              HASH  fingerprint -> error of one of its dead letters
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
local refused = wrong_type(KEYS[2], 'hash', KEYS[3], 'hash', prefix .. 'dead:other', 'zset')
if refused then
  return refused
end
if #ids > 0 then
  if mark == 'D' then
    for _, id in ipairs(ids) do
      leave_dead(prefix, id, string.match(record_of(prefix, id) or '', '"g":"(%w+)"}$') or '')
    end
  end
  redis.call('ZREM', KEYS[1], unpack(ids))
  for _, id in ipairs(ids) do
    if forget_record(prefix, id, mark, now, aged == 0) then
      redis.call('HDEL', KEYS[2], id)
    end
  end
end
return {'OK', now, #ids, #ids - aged}
