package queue

import "github.com/zeroq-dev/zeroq"

// Store is where queues are. All of them keep the state of tasks in Redis; Kafka and RabbitMQ carry those that
// are ready. A queue is in one store.
type Store struct {
	redis  zeroq.RedisConf
	broker *zeroq.BrokerConf
}

// Redis keeps queues in Redis alone.
func Redis(conf zeroq.RedisConf) Store { return Store{redis: conf} }

// Kafka carries the ready tasks of queues through Kafka, which keeps the order of each group of tasks.
func Kafka(conf zeroq.KafkaConf, state zeroq.RedisConf) Store {
	return Store{redis: state, broker: &zeroq.BrokerConf{Kafka: &conf}}
}

// RabbitMQ carries the ready tasks of queues through RabbitMQ.
func RabbitMQ(conf zeroq.RabbitMQConf, state zeroq.RedisConf) Store {
	return Store{redis: state, broker: &zeroq.BrokerConf{RabbitMQ: &conf}}
}
