-- Begins the request of an idempotency key, unless it was answered or somebody answers it.
-- KEYS[1] answer:<key>  HASH  f fingerprint, b base of the ids, o owner, u until when it is his, a answer
-- ARGV    fingerprint, owner, base for a new request, lease in ms, how long to keep it in ms
-- RETURNS {OK, now, base} if it is the owner's, {HELD, now} if another's, {ANSWERED, now, answer}, or
--         {OTHER, now} if the key was used with another fingerprint
-- OOM     refused and leaves everything as it was
local now = now_ms()
local bad = wrong_type(KEYS[1], 'hash')
if bad then
  return bad
end
local fingerprint, owner, base, lease, keep = take(), take(), take(), take(), take()
local known = redis.call('HMGET', KEYS[1], 'f', 'b', 'o', 'u', 'a')
if known[3] and known[1] ~= fingerprint then
  return {'OTHER', now}
end
if known[5] then
  return {'ANSWERED', now, known[5]}
end
if known[3] and known[3] ~= owner and tonumber(known[4]) > now then
  return {'HELD', now}
end
-- Some tasks of a request that was begun before may be in: they keep their ids.
if known[1] == fingerprint then
  base = known[2]
end
redis.call('HSET', KEYS[1], 'f', fingerprint, 'b', base, 'o', owner, 'u', text(now + lease))
redis.call('PEXPIRE', KEYS[1], keep)
return {'OK', now, base}
