// Package redisq carries tasks on Redis lists.
//
// Every queue is a set of keys that share one hash tag ([queueKeys]); every step of a task's life
// is one Lua script in the folder lua, whose head is its contract. Scripts take the time from Redis
// and are safe to run twice, since the client library sends again what got no answer in time.
//
// A worker owns the tasks in the hash of its lease group, and the group by a lease that it renews.
// When it falls silent, a reaper renames the hash to a group of its own and hands the tasks back.
// A worker that comes back finds its group gone: the first thing each script does is to notice.
package redisq
