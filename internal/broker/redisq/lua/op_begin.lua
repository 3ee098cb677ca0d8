-- Writes an operation down.
-- KEYS[1] op:<id>  HASH  an operation
-- ARGV    field, value, field, value …
-- RETURNS {OK, now}
-- OOM     runs: DEL comes first and unlocks the HSET: a purge must be possible then
if redis.call('EXISTS', KEYS[1]) == 0 then -- else sent again, and somebody may work on it by now
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], unpack(ARGV))
end
return {'OK', now_ms()}
