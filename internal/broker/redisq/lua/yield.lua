-- Gives what woke a worker that cannot take it back to the ready list, where it wakes another.
-- KEYS[1] landing  LIST  messages that woke a worker
-- KEYS[2] ready    LIST  messages, pushed left, taken right
-- ARGV    most messages
-- RETURNS {OK, now, messages moved}
-- OOM     runs: LPOP comes first and unlocks the RPUSH
local now = now_ms()
local refused = wrong_type(KEYS[2], 'list')
if refused then
  return refused
end
local moved = 0
for _ = 1, tonumber(ARGV[1]) do
  local message = redis.call('LPOP', KEYS[1])
  if not message then
    break
  end
  put_back(KEYS[2], {message})
  moved = moved + 1
end
return {'OK', now, moved}
