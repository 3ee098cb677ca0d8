-- Ends a lease whose tasks are all settled. With tasks left it is made to end now, so that a
-- reaper gives them back.
-- KEYS[1] groups      ZSET  lease group -> expiry in ms
-- KEYS[2] if:<group>  HASH  task id -> message in flight; #f, #a, #c and #s are marks
-- ARGV    group
-- RETURNS {OK, now} or {HELD, now} when tasks are left
-- OOM     runs: only ZREM and DEL without tasks; ZREM comes first with them
local now = now_ms()
local held = in_flight(KEYS[2])
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then
  return {'OK', now}
end
if held > 0 then
  redis.call('ZADD', KEYS[1], text(now - 1), ARGV[1])
  return {'HELD', now}
end
redis.call('DEL', KEYS[2])
return {'OK', now}
