package brokertest

import "testing"

// suite is tests of one kind by their names.
type suite map[string]func(*testing.T, *rig)

// basics is what producers and workers rely on.
var basics = suite{
	"Enqueue_IsFetchedInOrder":            enqueueIsFetchedInOrder,
	"Enqueue_AnyNumber":                   enqueueAnyNumber,
	"Enqueue_ChosenIDOnce":                enqueueChosenIDOnce,
	"Enqueue_DelayedWaitsForItsTime":      enqueueDelayed,
	"Settle_SucceededKeepsResult":         settleSucceeded,
	"Settle_RetryCarriesErrors":           settleRetry,
	"Settle_DeadKeepsBytes":               settleDead,
	"Settle_Expired":                      settleExpired,
	"Settle_HandBackGoesToTheFront":       settleHandBack,
	"Settle_TwiceIsRefused":               settleTwice,
	"Exchange_SettlesAndFetches":          exchangeBoth,
	"Exchange_EachCallHasItsOwnAnswer":    exchangeAnswers,
	"Bare_GetsIDAndRuns":                  bareRuns,
	"Bare_KeepsEveryByteOfData":           bareKeepsBytes,
	"Bare_HonoursDelay":                   bareDelay,
	"Bare_UnreadableIsHandedOverAsItCame": bareUnreadable,
	"Bare_TakenIDIsRefused":               bareTakenID,
	"Lease_DeadWorkersTasksComeBack":      leaseStolen,
	"Lease_LiveWorkerIsLeftAlone":         leaseKept,
	"Lease_ZombieIsRefused":               leaseZombie,
	"Lease_LeaveGivesEverythingBack":      leaseLeave,
	"Lease_OneNameTwiceIsTwoLeases":       leaseTwins,
	"Lease_OnlyLiveWorkersCount":          leaseLive,
	"AtMostOnce_NeverStartsTwice":         atMostOnce,
	"Wait_ReturnsWhenATaskComes":          waitForTask,
	"Wait_EndsWhenWoken":                  waitWoken,
	"Wait_YieldedTaskIsFetchedByOthers":   waitYield,
	"Poison_IsQuarantined":                poisonIsQuarantined,
	"Poison_HandingBackIsNoCrash":         poisonOrderlyIsNoCrash,
	"CallOff_TellsTheWorker":              callOffTellsTheWorker,
	"CallOff_OutlivesTheWorker":           callOffOutlivesTheWorker,
	"Progress_IsShown":                    progressIsShown,
}

// switches is what users can ask of a task or a queue.
var switches = suite{
	"Unique_UntilFinished":            uniqueUntilFinished,
	"Unique_UntilStarted":             uniqueUntilStarted,
	"Unique_ForATime":                 uniqueForTime,
	"Unique_Debounce":                 uniqueDebounce,
	"Unique_BareMessages":             uniqueOfBareMessages,
	"Unique_AmongMany":                uniqueAmongMany,
	"Priority_HighGoesFirst":          priorityHighGoesFirst,
	"Priority_StarvesNobody":          priorityStarvesNobody,
	"Priority_OutlivesEverything":     priorityOutlives,
	"Priority_WakesWorkers":           priorityWakes,
	"Priority_BareMessages":           priorityOfBareMessages,
	"Limit_Concurrency":               limitConcurrency,
	"Limit_SurvivesTheDeathOfWorkers": limitSurvivesDeath,
	"Limit_Rate":                      limitRate,
	"Limit_Length":                    limitLength,
}

// views is what can be looked at.
var views = suite{
	"Inspect_EveryStateIsCounted":     inspectCounts,
	"Inspect_IDAloneFindsTheTask":     inspectByID,
	"Inspect_WaitTaskEndsWithTheTask": inspectWait,
	"Pages_OfEveryState":              pagesOfEveryState,
	"Pages_RefuseWhatIsNoCursor":      pagesRefuseCursor,
	"Registry_ListsLiveWorkers":       registryLists,
}

// upkeep is what goes on by itself.
var upkeep = suite{
	"Sweep_ForgetsWhatIsOver":           sweepForgets,
	"Sweep_KeepsAtMost":                 sweepCap,
	"Operations_PurgeEveryState":        operationsPurge,
	"Operations_Retry":                  operationsRetry,
	"Operations_AreGoneOnWith":          operationsGoOn,
	"Operations_Abort":                  operationsAbort,
	"Drain_MovesForeignMessages":        drainForeign,
	"Timetable_TicksInTime":             timetableTicks,
	"Timetable_PausesAndGoesOn":         timetablePauses,
	"Timetable_RunsNow":                 timetableRuns,
	"Timetable_ListsByName":             timetableLists,
	"Timetable_UnknownAndWrong":         timetableUnknown,
	"Timetable_FollowsItsConfiguration": timetableConfigured,
}
