// Package rabbitq carries ready tasks through RabbitMQ: a durable queue for each queue.
package rabbitq

import _ "github.com/rabbitmq/amqp091-go"
