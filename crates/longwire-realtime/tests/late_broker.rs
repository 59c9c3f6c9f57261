//! A broker that answers later: a subscription, a connect command and a request wait for it, and
//! nothing that comes meanwhile is lost or comes twice.

mod world;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use longwire_realtime::broker::{Broker, BrokerAnswer, BrokerEvent, BrokerRequest, RequestId};
use longwire_realtime::{Recover, Request, Response};
use world::{
    World, api_publish, config, connect, message, publish, recover, subscribe, unsubscribe, words,
};

/// Answers that are held back until the test lets them go.
type Held = Arc<Mutex<VecDeque<(RequestId, BrokerAnswer)>>>;

/// Hands on at once what is asked, and holds the answers back.
struct LateBroker {
    inner: Box<dyn Broker>,
    held: Held,
    released: Held,
}

impl Broker for LateBroker {
    fn request(
        &mut self,
        id: RequestId,
        request: BrokerRequest,
        now: Duration,
    ) -> Option<BrokerAnswer> {
        let answer = self.inner.request(id, request, now)?;
        self.held.lock().unwrap().push_back((id, answer));
        None
    }

    fn poll_event(&mut self) -> Option<BrokerEvent> {
        // What has been published overtakes the answers.
        self.inner.poll_event().or_else(|| {
            let (id, answer) = self.released.lock().unwrap().pop_front()?;
            Some(BrokerEvent::Answer(id, answer))
        })
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.inner.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Duration) {
        self.inner.handle_timeout(now);
    }

    fn last_control(&self) -> u64 {
        self.inner.last_control()
    }
}

/// Hub 0 has the late broker, hub 1 a prompt one.
fn late_world() -> (World, impl Fn(&mut World)) {
    let (held, released) = (Held::default(), Held::default());
    let (of_broker, of_test) = ((held.clone(), released.clone()), (held, released));
    let mut is_first = true;
    let world = World::with_brokers(2, config(&[]), move |inner| {
        if !std::mem::take(&mut is_first) {
            return inner;
        }
        let (held, released) = of_broker.clone();
        Box::new(LateBroker { inner, held, released })
    });
    let release = move |world: &mut World| {
        let (held, released) = &of_test;
        released.lock().unwrap().append(&mut held.lock().unwrap());
        world.wake(0);
    };
    (world, release)
}

#[test]
fn what_comes_before_the_answer_comes_once_and_behind_it() {
    let (mut world, release) = late_world();
    world.api(1, api_publish("chat", "1")).unwrap();
    let client = world.connect(0, "7");
    assert_eq!(world.send(client, recover("chat", "1", 0)), [""; 0]);
    world.api(1, api_publish("chat", "2")).unwrap();
    world.api(1, api_publish("chat", "3")).unwrap();
    assert_eq!(world.lines(client), [""; 0]);
    release(&mut world);
    assert_eq!(world.lines(client), ["subscribed at 1/1 recovered [1=1]", "chat 2=2", "chat 3=3"]);
    world.api(1, api_publish("chat", "4")).unwrap();
    assert_eq!(world.lines(client), ["chat 4=4"]);
    // A second one, while the first is being served.
    let second = world.connect(0, "8");
    world.send(second, subscribe("chat"));
    world.api(1, api_publish("chat", "5")).unwrap();
    release(&mut world);
    world.api(1, api_publish("chat", "6")).unwrap();
    assert_eq!(world.lines(second), ["subscribed at 1/4", "chat 5=5", "chat 6=6"]);
    assert_eq!(world.lines(client), ["chat 5=5", "chat 6=6"]);
}

#[test]
fn whoever_changes_its_mind_is_served_as_it_wants_in_the_end() {
    let (mut world, release) = late_world();
    let client = world.connect(0, "7");
    world.send(client, subscribe("chat"));
    assert_eq!(world.send(client, subscribe("chat")), ["error: already subscribed"]);
    assert_eq!(world.send(client, unsubscribe("chat")), ["unsubscribed"]);
    world.send(client, subscribe("chat"));
    world.send(client, unsubscribe("chat"));
    world.send(client, subscribe("chat"));
    release(&mut world);
    let ended = "error: bad request: it was unsubscribed before it was subscribed";
    assert_eq!(world.lines(client), [ended, ended, "subscribed at 1/0"]);
    world.api(1, api_publish("chat", "1")).unwrap();
    assert_eq!(world.lines(client), ["chat 1=1"]);
    let channels = world.api(1, Request::Channels { pattern: String::new() });
    assert_eq!(channels, Ok(Response::Channels(vec![("chat".into(), 1)])));
}

#[test]
fn whoever_goes_meanwhile_leaves_nothing_behind() {
    let (mut world, release) = late_world();
    let client = world.connect(0, "7");
    world.send(client, subscribe("chat"));
    world.cut(client);
    release(&mut world);
    let channels = world.api(1, Request::Channels { pattern: String::new() });
    assert_eq!(channels, Ok(Response::Channels(Vec::new())));
}

#[test]
fn the_connect_reply_is_the_first_that_comes() {
    let (mut world, release) = late_world();
    world.api(1, api_publish("a", "1")).unwrap();
    let client = world.open(0);
    let longwire_realtime::Command::Connect(mut command) = connect("7/a,b") else { unreachable!() };
    command.subs = vec![("a".into(), Recover { epoch: words::epoch("1"), offset: 0 })];
    world.send(client, longwire_realtime::Command::Connect(command));
    world.api(1, api_publish("a", "2")).unwrap();
    assert_eq!(world.lines(client), [""; 0]);
    release(&mut world);
    assert_eq!(
        world.lines(client),
        ["connected, a subscribed at 1/1 recovered [1=1], b subscribed at 2/0", "a 2=2"]
    );
}

#[test]
fn requests_and_replies_come_when_they_are_answered() {
    let (mut world, release) = late_world();
    let client = world.connect(0, "7");
    assert_eq!(world.send(client, publish("chat", "1")), [""; 0]);
    release(&mut world);
    assert_eq!(world.lines(client), ["published"]);
    let channels = vec!["chat".to_string(), "nowhere:1".to_string(), "b".to_string()];
    world.api_alone(0, Request::Broadcast { channels, message: message("2") });
    assert_eq!(world.answer(), None);
    release(&mut world);
    let Some(Ok(Response::Broadcast(results))) = world.answer() else { panic!("no answer") };
    let offsets: Vec<_> = results
        .iter()
        .map(|it| it.as_ref().ok().and_then(|it| it.as_ref()).map(|it| it.offset))
        .collect();
    assert_eq!(offsets, [Some(2), None, Some(1)]);
}
