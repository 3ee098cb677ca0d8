// Package kafkatest gives tests a Kafka of their own: a server of the protocol in this process, or fresh
// topics and groups of the cluster that ZEROQ_TEST_KAFKA names by addresses with commas between.
//
// The server in process keeps its data over a restart, and fails where it is told to; it is not Kafka, so the
// same tests are to be run against a real one too.
package kafkatest
