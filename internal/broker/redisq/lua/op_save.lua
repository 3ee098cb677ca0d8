-- Writes down a step of an operation whose tasks were done one by one.
-- KEYS[1] op:<id>  HASH  an operation
-- ARGV    owner, step, lease in ms, tasks done, tasks failed, why the last of them failed
-- RETURNS {OK, now, 1: the stage has ended, ms to wait}, or {FENCED, now}
-- OOM     runs: HDEL comes first and unlocks the rest
local owner, step, lease = take(), take(), tonumber(take())
local mine, again = step_of(KEYS[1], owner, step)
if not mine then
  return {'FENCED', now_ms()}
end
if again then
  return again
end
local done, failed, reason = tonumber(take()), tonumber(take()), take()
local answer = save_step(KEYS[1], step, lease, done, failed, reason, true)
return {'OK', answer[2], answer[3], answer[4]}
