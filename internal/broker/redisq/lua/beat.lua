-- Renews a lease, unless it is over, and tells which of its tasks were called off.
-- KEYS[1] groups      ZSET  lease group -> expiry in ms
-- KEYS[2] if:<group>  HASH  task id -> message in flight; #a is the number of the last settling, #c how many claims there were,
--                              #f begins with the number of the last fetch or admission
-- KEYS[3] stopping    SET   ids in flight that are called off
-- ARGV    group, lease in ms, the last #a and #c that were answered, and the last #f with tasks that came by a carrier
-- RETURNS {OK, now, ids}, {FENCED, now}, or {FORGOT, now} when Redis has lost what it had answered: tasks may be
--         in the hash again that the worker has no more, or not be in it that it has; the lease is renewed once more
-- OOM     runs: ZREM is the fence and unlocks the ZADD
local now = now_ms()
local refused = wrong_type(KEYS[2], 'hash', KEYS[3], 'set')
if refused then
  return refused
end
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then
  return {'FENCED', now}
end
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
for name, least in pairs({['#a'] = ARGV[3], ['#c'] = ARGV[4], ['#f'] = ARGV[5]}) do
  if tonumber(string.match(redis.call('HGET', KEYS[2], name) or '0', '^%d+')) < tonumber(least) then
    return {'FORGOT', now}
  end
end
local stopped = {}
if redis.call('EXISTS', KEYS[3]) == 1 then
  -- A worker holds some thousands of tasks at most, far fewer than may be called off.
  for _, id in ipairs(redis.call('HKEYS', KEYS[2])) do
    if redis.call('SISMEMBER', KEYS[3], id) == 1 then
      stopped[#stopped + 1] = id
    end
  end
end
return {'OK', now, stopped}
