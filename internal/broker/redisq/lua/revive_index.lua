-- Makes finished tasks ready again, as a step of an operation, each if it is as it was read.
-- KEYS[1] op:<id>                  HASH  an operation
-- KEYS[2] dead|cancelled|expired   ZSET  task id -> ms
-- KEYS[3] parked                   HASH  task id -> message
-- KEYS[4] ready                    LIST  messages, pushed left, taken right
-- KEYS[5] ready:high               LIST  messages of high priority
-- KEYS[6] ready:low                LIST  messages of low priority
-- KEYS[7] withdrawn                SET   ids that were called off and are still on a list
-- KEYS[8] counters                 HASH  name -> total
-- ARGV    owner, step, lease in ms, prefix of the queue's keys; score and id to go on behind, 1 when the
--         stage ends; tasks failed already, why the last of them failed; n, n times id, score, message or
--         "", record, key of its unique lock or "" when it takes none, letter of the lock's mode, how long it is
--         held in ms or 0
-- RETURNS {OK, now, 1 when the stage has ended, ms to wait}, or {FENCED, now}
-- OOM     runs: ZREM comes first and unlocks the rest
local owner, step, lease, prefix = take(), take(), tonumber(take()), take()
local at, at_id, ended, failed, reason = take(), take(), take() == '1', tonumber(take()), take()
local mine, again = step_of(KEYS[1], owner, step)
if not mine then
  return {'FENCED', now_ms()}
end
if again then
  return again
end
local refused = wrong_type(
  KEYS[2], 'zset', KEYS[3], 'hash', KEYS[4], 'list', KEYS[5], 'list', KEYS[6], 'list', KEYS[7], 'set', KEYS[8], 'hash'
)
if refused then
  return refused
end

local function revive(id, record, lock, mode, ttl)
  leave_dead(prefix, id, fingerprint_of(record_of(prefix, id)))
  redis.call('ZREM', KEYS[2], id)
  redis.call('HDEL', KEYS[3], id)
  put_record(prefix, id, record)
  if lock ~= '' then
    give_key(lock, mode, id, ttl)
  end
end

local messages, done = {}, 0
for _ = 1, tonumber(take()) do
  local id, score, message, record = take(), take(), take(), take()
  local lock, mode, ttl = take(), take(), take()
  local found = redis.call('ZSCORE', KEYS[2], id)
  local held, other
  if lock ~= '' then
    held, other = holder_of(lock, prefix)
  end
  local listed = redis.call('SISMEMBER', KEYS[7], id) == 1
  if not found or tonumber(found) ~= tonumber(score) then
    failed, reason = failed + 1, 'the task has changed meanwhile'
  elseif held and other ~= id then
    failed, reason = failed + 1, 'a task of this unique key exists: ' .. other
  elseif not listed and message == '' then
    failed, reason = failed + 1, 'the task\'s message cannot be read'
  else
    revive(id, record, lock, mode, ttl)
    if listed then
      redis.call('SREM', KEYS[7], id) -- its message never left the list
    else
      messages[#messages + 1] = message
    end
    done = done + 1
  end
end
local answer = save_step(KEYS[1], step, lease, done, failed, reason, ended)
push_ready(KEYS[4], KEYS[5], KEYS[6], messages)
if done > 0 then
  redis.call('HINCRBY', KEYS[8], 'revived', done)
end
if not ended and at_id ~= '' then
  redis.call('HSET', KEYS[1], 'at', at, 'at_id', at_id)
end
return {'OK', answer[2], answer[3], answer[4]}
