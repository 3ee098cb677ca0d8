-- Moves tasks whose time has come to ready.
-- KEYS[1] scheduled|retry      ZSET  task id -> due in ms
-- KEYS[2] scheduled:d|retry:d  HASH  task id -> message
-- KEYS[3] ready                LIST  messages, pushed left, taken right
-- KEYS[4] ready:high           LIST  messages of high priority
-- KEYS[5] ready:low            LIST  messages of low priority
-- ARGV    most tasks
-- RETURNS {OK, now, tasks moved}
-- OOM     runs: ZREM comes first and unlocks the LPUSH
local now = now_ms()
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', text(now), 'LIMIT', 0, ARGV[1])
if #due == 0 then
  return {'OK', now, 0}
end
local refused = wrong_type(KEYS[2], 'hash', KEYS[3], 'list', KEYS[4], 'list', KEYS[5], 'list')
if refused then
  return refused
end
local messages = {}
for _, message in ipairs(redis.call('HMGET', KEYS[2], unpack(due))) do
  if message then
    messages[#messages + 1] = message
  end
end
redis.call('ZREM', KEYS[1], unpack(due))
redis.call('HDEL', KEYS[2], unpack(due))
push_ready(KEYS[3], KEYS[4], KEYS[5], messages)
return {'OK', now, #due}
