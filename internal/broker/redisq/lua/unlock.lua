-- Frees the unique keys that tasks hold until they start.
-- KEYS[1] if:<group>     HASH    task id -> message in flight
-- KEYS[2] unique:<hash>* STRING  mode and id of the task that has the key; one for each task
-- ARGV    n ids
-- RETURNS {OK, now}
-- OOM     runs: only DEL
local now = now_ms()
for key = 2, #KEYS do
  local id = take()
  if redis.call('HEXISTS', KEYS[1], id) == 1 then
    unlock(KEYS[key], id)
  end
end
return {'OK', now}
