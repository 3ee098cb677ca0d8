package redisq

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/cron"
)

// A schedule lies with the queue of its task, so that one script can tick. The hash zq:schedules says
// which queue that is, and only there does it tick: see [Broker.stray].

// foundSchedule is a schedule as it was read.
type foundSchedule struct {
	schedule
	queue string // where it should be; empty if it has never been
	text  string // empty if it is not there
	// broken is why it cannot be read. It can be replaced and deleted all the same.
	broken error
}

// mustBe is why nothing can be done with it, but to replace or delete it.
func (f foundSchedule) mustBe() error {
	if f.text == "" {
		return zeroq.ErrNotFound
	}
	return f.broken
}

// findSchedule reads a schedule. One that is not there is no error.
func (b *Broker) findSchedule(ctx context.Context, name string) (foundSchedule, error) {
	queue, err := b.calls.HGet(ctx, keySchedules, name).Result()
	if errors.Is(err, redis.Nil) {
		return foundSchedule{}, nil
	}
	if err != nil {
		return foundSchedule{}, explain(err)
	}
	f := foundSchedule{queue: queue}
	if f.text, err = b.scheduleText(ctx, queue, name); err != nil || f.text == "" {
		return f, err
	}
	f.schedule, f.broken = decodeSchedule(name, f.text)
	return f, nil
}

func (b *Broker) scheduleText(ctx context.Context, queue, name string) (string, error) {
	text, err := b.calls.HGet(ctx, keysOf(queue).schedules, name).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return text, explainNil(err)
}

// Schedule implements [broker.Timetable].
func (b *Broker) Schedule(ctx context.Context, name string) (zeroq.Schedule, error) {
	f, err := b.findSchedule(ctx, name)
	if err != nil {
		return zeroq.Schedule{}, err
	}
	if err := f.mustBe(); err != nil {
		return zeroq.Schedule{}, err
	}
	if err := b.inStep(ctx); err != nil {
		return zeroq.Schedule{}, err
	}
	return f.public(name, f.queue, b.clock.now()), nil
}

// inStep makes sure that the clock is that of Redis.
func (b *Broker) inStep(ctx context.Context) error {
	if b.clock.reading.Load() != nil {
		return nil
	}
	return b.Ping(ctx)
}

// Schedules implements [broker.Timetable].
func (b *Broker) Schedules(ctx context.Context) ([]zeroq.Schedule, error) {
	all, err := b.findSchedules(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.inStep(ctx); err != nil {
		return nil, err
	}
	shown := make([]zeroq.Schedule, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		shown = append(shown, all[name].public(name, all[name].queue, b.clock.now()))
	}
	return shown, nil
}

// findSchedules reads all schedules that are where they should be, by name.
func (b *Broker) findSchedules(ctx context.Context) (map[string]foundSchedule, error) {
	queues, err := b.calls.HGetAll(ctx, keySchedules).Result()
	if err != nil {
		return nil, explain(err)
	}
	byQueue := make(map[string][]string)
	for name, queue := range queues {
		byQueue[queue] = append(byQueue[queue], name)
	}
	all := make(map[string]foundSchedule, len(queues))
	for queue, names := range byQueue {
		for names := range slices.Chunk(names, maxBatch) {
			texts, err := b.calls.HMGet(ctx, keysOf(queue).schedules, names...).Result()
			if err != nil {
				return nil, explain(err)
			}
			for i, value := range texts {
				text, there := value.(string)
				if !there {
					continue
				}
				s, err := decodeSchedule(names[i], text)
				if err != nil {
					continue // one that cannot be read hides no other; each tick complains of it
				}
				all[names[i]] = foundSchedule{schedule: s, queue: queue, text: text}
			}
		}
	}
	return all, nil
}

// PutSchedule implements [broker.Timetable].
func (b *Broker) PutSchedule(ctx context.Context, given zeroq.Schedule) (created bool, err error) {
	s, spec, err := b.complete(ctx, given)
	if err != nil {
		return false, err
	}
	for {
		old, err := b.findSchedule(ctx, s.Name)
		if err != nil {
			return false, err
		}
		stored, err := b.store(ctx, s.Name, s.Task.Queue, spec, newSchedule(s, old.schedule), old)
		if err != nil || stored {
			return old.text == "", err
		}
	}
}

// complete checks a schedule and fills in what is not given.
func (b *Broker) complete(ctx context.Context, given zeroq.Schedule) (zeroq.Schedule, *cron.Spec, error) {
	s, spec, err := cron.Complete(given)
	if err != nil {
		return s, nil, err
	}
	if _, err := b.meet(ctx, s.Task.Queue); err != nil {
		return s, nil, err
	}
	err = b.checkCarried(s.Task.Queue, s.Task)
	if wrong := (*zeroq.FieldError)(nil); errors.As(err, &wrong) {
		err = &zeroq.FieldError{Field: "task." + wrong.Field, Reason: wrong.Reason}
	}
	return s, spec, err
}

// store puts a schedule in the place of the old one, and reports whether that was still as it was
// read.
//
// When the queue changes, zq:schedules leads to the new one first: from then on the old one does not
// tick any more. Only then is the new one written, with a time that is still to come. So at no moment
// do two of them tick, and no time is both's: one that the old one may still be ticking has passed.
// Where this is broken off before the new one is there, the old one is taken back: see [Broker.stray],
// which may happen meanwhile too, and so the way is shown once more.
func (b *Broker) store(ctx context.Context, name, queue string, spec *cron.Spec, fresh schedule, old foundSchedule) (bool, error) {
	if _, err := b.meet(ctx, queue); err != nil {
		return false, err
	}
	b.timed.forget()
	if old.queue == queue {
		return b.write(ctx, name, queue, spec, fresh, markOf(old.text))
	}
	text, err := b.scheduleText(ctx, queue, name)
	if err != nil {
		return false, err
	}
	if err := b.lead(ctx, name, queue); err != nil {
		return false, err
	}
	stored, err := b.write(ctx, name, queue, spec, fresh, markOf(text))
	if err != nil || !stored {
		return false, err
	}
	if err := b.lead(ctx, name, queue); err != nil || old.queue == "" {
		return true, err
	}
	return true, b.drop(ctx, name, old.queue)
}

// lead says in which queue a schedule is.
func (b *Broker) lead(ctx context.Context, name, queue string) error {
	return explainNil(b.calls.HSet(ctx, keySchedules, name, queue).Err())
}

// write writes a schedule, unless it is not the one any more that begins with the mark.
func (b *Broker) write(ctx context.Context, name, queue string, spec *cron.Spec, fresh schedule, mark string) (bool, error) {
	keys, text := keysOf(queue), fresh.encode()
	if err := b.inStep(ctx); err != nil {
		return false, err
	}
	for {
		answer, err := b.run(ctx, b.calls, scriptSchedule, []string{keys.schedules, keys.schedNext},
			name, mark, nextArg(fresh, spec, b.clock.now()), text)
		if err != nil {
			return false, err
		}
		if answer.status != statusStale {
			return answer.status == statusOK, nil
		}
	}
}

// nextArg is the schedule's next time in ms, or "" if it has none.
func nextArg(s schedule, spec *cron.Spec, now time.Time) string {
	if s.Paused {
		return ""
	}
	return timeArg(spec.Next(now))
}

func timeArg(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return strconv.FormatInt(at.UnixMilli(), 10)
}

// drop forgets what a queue has of a schedule.
func (b *Broker) drop(ctx context.Context, name, queue string) error {
	for {
		text, err := b.scheduleText(ctx, queue, name)
		if err != nil {
			return err
		}
		if gone, err := b.dropMarked(ctx, name, queue, markOf(text)); err != nil || gone {
			return err
		}
	}
}

func (b *Broker) dropMarked(ctx context.Context, name, queue, mark string) (bool, error) {
	keys := keysOf(queue)
	answer, err := b.run(ctx, b.calls, scriptUnschedule, []string{keys.schedules, keys.schedNext}, name, mark)
	return answer.status == statusOK, err
}

// DeleteSchedule implements [broker.Timetable].
func (b *Broker) DeleteSchedule(ctx context.Context, name string) error {
	f, err := b.findSchedule(ctx, name)
	if err != nil {
		return err
	}
	if f.queue == "" {
		return zeroq.ErrNotFound
	}
	if err := b.drop(ctx, name, f.queue); err != nil {
		return err
	}
	if err := b.calls.HDel(ctx, keySchedules, name).Err(); err != nil {
		return explain(err)
	}
	if f.text == "" {
		return zeroq.ErrNotFound
	}
	return nil
}

// PauseSchedule implements [broker.Timetable].
func (b *Broker) PauseSchedule(ctx context.Context, name string) error {
	return b.setPaused(ctx, name, true)
}

// ResumeSchedule implements [broker.Timetable].
func (b *Broker) ResumeSchedule(ctx context.Context, name string) error {
	return b.setPaused(ctx, name, false)
}

func (b *Broker) setPaused(ctx context.Context, name string, paused bool) error {
	for {
		f, err := b.findSchedule(ctx, name)
		if err != nil {
			return err
		}
		if err := f.mustBe(); err != nil {
			return err
		}
		if f.Paused == paused {
			return nil
		}
		spec, err := cron.Parse(f.Spec, f.Timezone)
		if err != nil {
			return scheduleError(name, err)
		}
		f.Paused = paused
		if stored, err := b.write(ctx, name, f.queue, spec, f.schedule, markOf(f.text)); err != nil || stored {
			return err
		}
	}
}

// RunSchedule implements [broker.Timetable]. What is known of the schedule's times stays as it is.
func (b *Broker) RunSchedule(ctx context.Context, name string) (string, error) {
	f, err := b.findSchedule(ctx, name)
	if err != nil {
		return "", err
	}
	if err := f.mustBe(); err != nil {
		return "", err
	}
	if err := b.inStep(ctx); err != nil {
		return "", err
	}
	task := f.taskFor(name, f.queue, b.clock.now())
	err = b.Enqueue(ctx, []*zeroq.Task{task})[0]
	return task.ID, err
}
