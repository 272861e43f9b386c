//! What the build, run, test and bench commands share: above all a real
//! RocketMQ on this machine.

pub mod rocketmq;
