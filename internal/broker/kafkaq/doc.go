// Package kafkaq carries ready tasks through Kafka: a topic for each queue, the group of a task as the key
// of its record.
//
// What is taken of a partition may be acknowledged in any order. Only the offsets below the first that is not
// acknowledged are committed, so whatever dies, nothing is passed over.
package kafkaq
