-- Marks tasks of an at-most-once queue as started: from here on they never start again. Whoever
-- finds the mark after the worker's death makes them dead letters.
-- KEYS[1] if:<group>  HASH  task id -> message in flight; a "!" before it is the mark
-- ARGV    n times field, message
-- RETURNS {OK, now, {1 or 0 for each: may start}}
-- OOM     runs: HDEL comes first and unlocks the HSET
local now = now_ms()
local may = {}
for i = 1, #ARGV / 2 do
  local field, message = take(), take()
  may[i] = redis.call('HDEL', KEYS[1], field)
  if may[i] == 1 then
    redis.call('HSET', KEYS[1], field, '!' .. message)
  end
end
return {'OK', now, may}
