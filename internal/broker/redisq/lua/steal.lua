-- Makes a dead worker's lease group the thief's. Nothing is copied: the hash is renamed.
-- KEYS[1] groups     ZSET  lease group -> expiry in ms
-- KEYS[2] if:<dead>  HASH  task id -> message in flight
-- KEYS[3] if:<new>   HASH  the same under the thief's group, which is new
-- ARGV    dead group, its score as the reaper saw it, new group, lease in ms
-- RETURNS {OK, now}, or {GONE, now} when the lease was renewed or somebody else took it
-- OOM     runs: ZREM comes first and unlocks the rest
local now = now_ms()
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score and redis.call('ZSCORE', KEYS[1], ARGV[3]) then
  return {'OK', now} -- sent again: the first sending made it the thief's
end
if not score or tonumber(score) ~= tonumber(ARGV[2]) or tonumber(score) > now then
  return {'GONE', now}
end
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('RENAME', KEYS[2], KEYS[3])
  redis.call('HDEL', KEYS[3], '#f', '#a', '#c', '#s')
end
redis.call('ZADD', KEYS[1], text(now + ARGV[4]), ARGV[3])
return {'OK', now}
