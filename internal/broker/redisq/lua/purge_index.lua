-- Forgets tasks of an index, as a step of an operation. What came after it began stays, and so does
-- the record of an id that is another task's by now.
-- KEYS[1] op:<id>                                              HASH  an operation
-- KEYS[2] scheduled|retry|dead|cancelled|expired|finished:at   ZSET  task id -> ms
-- KEYS[3] scheduled|retry|dead|dead:<fp>|cancelled|expired|finished:at  ZSET  the one to walk through
-- KEYS[4] scheduled:d|retry:d|parked                           HASH  task id -> message
-- KEYS[5] counters                                             HASH  name -> total
-- KEYS[6] waiters                                              SET   ids that somebody waits for
-- ARGV    owner, step, lease in ms, prefix of the queue's keys, channel, mark of these tasks' records,
--         highest score, most tasks; n, n ids in place of walking
-- RETURNS {OK, now, 1 when the stage has ended, ms to wait}, or {FENCED, now}
-- OOM     runs: ZREM and HDEL come first and unlock the rest
local owner, step, lease = take(), take(), tonumber(take())
local prefix, channel, mark, highest, most = take(), take(), take(), take(), tonumber(take())
local mine, again = step_of(KEYS[1], owner, step)
if not mine then
  return {'FENCED', now_ms()}
end
if again then
  return again
end
local refused = wrong_type(KEYS[2], 'zset', KEYS[3], 'zset', KEYS[4], 'hash', KEYS[5], 'hash', KEYS[6], 'set')
if refused then
  return refused
end
local chosen = take_list(tonumber(take()))
local state = redis.call('HMGET', KEYS[1], 'began', 'at', 'at_id', 'state')
local began, failed, reason, ids, ended = tonumber(state[1]), 0, '', {}, #chosen > 0
for _, id in ipairs(chosen) do
  if redis.call('ZSCORE', KEYS[2], id) then
    ids[#ids + 1] = id
  else
    failed, reason = failed + 1, 'the task is not ' .. state[4]
  end
end
local at, at_id
if not ended then
  local first = 0
  if state[3] then
    local rank, present = rank_of(KEYS[3], state[2], state[3])
    first = present and rank + 1 or rank
  end
  local entries = redis.call('ZRANGE', KEYS[3], first, first + most - 1, 'WITHSCORES')
  ended = #entries < 2 * most
  for i = 1, #entries, 2 do
    if tonumber(entries[i + 1]) > tonumber(highest) then
      ended = true
      break
    end
    ids[#ids + 1], at_id, at = entries[i], entries[i], entries[i + 1]
  end
end

-- When a live task was enqueued, and when another finished, says whether it was there.
local when = mark == '.' and '"e":(%d+)' or '"f":(%d+)'
local old, records = {}, {}
for _, id in ipairs(ids) do
  local record = record_of(prefix, id)
  if #chosen > 0 or tonumber(record and string.match(record, when) or 0) <= began then
    old[#old + 1] = id
    records[#old] = record or false
  end
end
if #old > 0 and mark ~= 'D' then
  redis.call('ZREM', KEYS[2], unpack(old))
end
local bodies = {}
for i, id in ipairs(old) do
  local record = records[i]
  if mark == 'D' then
    leave_dead(prefix, id, fingerprint_of(record))
  end
  if not record or string.sub(record, 1, 1) == mark then
    bodies[#bodies + 1] = id
    if record then
      release(prefix, id, record)
      put_record(prefix, id, '')
    end
  end
end
if #old > 0 then
  redis.call('ZREM', KEYS[3], unpack(old)) -- of a dead letter without a record the group is not known
  if #bodies > 0 then
    redis.call('HDEL', KEYS[4], unpack(bodies))
  end
  redis.call('HINCRBY', KEYS[5], 'deleted', #old)
  ring(KEYS[6], channel, old)
end
local answer = save_step(KEYS[1], step, lease, #old, failed, reason, ended)
if not ended then
  redis.call('HSET', KEYS[1], 'at', at, 'at_id', at_id)
end
return {'OK', answer[2], answer[3], answer[4]}
