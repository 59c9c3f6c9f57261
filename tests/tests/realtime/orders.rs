//! What the application asks of users, and whom it means: those who were there when it was asked, and
//! nobody who came when it had been answered.
//!
//! Time is counted in ticks, one for each pass in which the workers run and everybody reads: what one
//! learns in a tick can have been the reason for what another one does in the next.

use super::book::Book;
use super::follower::Follower;

/// The code of the first order to disconnect, and behind the last: each has one of its own, and with all
/// of them clients come back.
const CODES: std::ops::Range<u64> = 4000..4500;
/// The code of a subscription that the application has ended.
pub(crate) const UNSUBSCRIBED: u64 = 2000;

/// One request about a user.
struct Order {
    user: String,
    /// From which channel; `None`: the user is disconnected.
    channel: Option<&'static str>,
    asked_in: u64,
    answered_in: Option<u64>,
}

#[derive(Default)]
pub(crate) struct Orders {
    given: Vec<Order>,
    /// Which tick it is.
    pub(crate) tick: u64,
    /// How many sessions and subscriptions were ended.
    pub(crate) sessions: usize,
    pub(crate) subscriptions: usize,
}

impl Orders {
    /// One more, as the API is asked for it, and its number.
    pub(crate) fn give(&mut self, user: &str, channel: Option<&'static str>) -> (usize, String) {
        let number = self.given.len();
        let asked_in = self.tick;
        self.given.push(Order { user: user.to_owned(), channel, asked_in, answered_in: None });
        let command = match channel {
            Some(channel) => {
                format!(r#"{{"unsubscribe":{{"user":"{user}","channel":"{channel}"}}}}"#)
            }
            None => {
                let code = CODES.start + number as u64;
                assert!(CODES.contains(&code), "too many orders");
                let disconnect = format!(r#"{{"code":{code},"reason":""}}"#);
                format!(r#"{{"disconnect":{{"user":"{user}","disconnect":{disconnect}}}}}"#)
            }
        };
        (number, command)
    }

    pub(crate) fn answered(&mut self, number: usize) {
        self.given[number].answered_in = Some(self.tick);
    }

    /// The server is no more: its orders mean nobody who comes now.
    pub(crate) fn begin_anew(&mut self) {
        let tick = self.tick;
        self.given.iter_mut().for_each(|it| it.answered_in = it.answered_in.or(Some(tick)));
    }

    /// Whether one about this user may not have come to all workers.
    fn is_under_way(&self, user: &str) -> bool {
        let mut of_user = self.given.iter().filter(|it| it.user == user);
        of_user.any(|it| it.answered_in.is_none_or(|tick| tick + 1 >= self.tick))
    }

    /// One that has come to all workers, and was about somebody who was there before it was asked.
    fn passed_over(&self, user: &str, channel: Option<&str>, since: u64) -> Option<usize> {
        let is_done = |it: &Order| it.answered_in.is_some_and(|tick| tick < self.tick);
        let is_meant = |it: &Order| it.user == user && it.channel == channel && since < it.asked_in;
        self.given.iter().position(|it| is_done(it) && is_meant(it))
    }
}

impl Order {
    /// Whether it can mean somebody who came in this tick.
    fn can_mean(&self, user: &str, came_in: u64) -> bool {
        self.user == user && self.answered_in.is_none_or(|tick| came_in <= tick)
    }
}

/// Whether a session was ended by an order.
pub(crate) fn is_of_order(code: u64) -> bool {
    CODES.contains(&code)
}

impl Follower {
    /// An order has ended its session.
    pub(crate) fn ordered_away(&self, code: u64, book: &mut Book) {
        let number = usize::try_from(code - CODES.start).expect("a number");
        let order = &book.orders.given[number];
        let is_meant = order.channel.is_none() && order.can_mean(&self.user, self.came_in);
        let answered_in = order.answered_in;
        assert!(
            is_meant,
            "{} came in {} and was ended with {code}, which was for {} and answered in {answered_in:?}",
            self.user, self.came_in, order.user
        );
        book.orders.sessions += 1;
    }

    /// An order has ended its subscription, for which it asked in this tick.
    pub(crate) fn ordered_out(&self, channel: &str, asked_in: u64, book: &mut Book) {
        let mut orders = book.orders.given.iter().filter(|it| it.channel == Some(channel));
        assert!(
            orders.any(|it| it.can_mean(&self.user, asked_in)),
            "{} asked for {channel} in {asked_in}, and was unsubscribed by an older order",
            self.user
        );
        book.orders.subscriptions += 1;
    }

    /// It is nowhere where it was ordered to go. One that is slow may not have heard of it.
    pub(crate) fn check_orders(&self, book: &Book) {
        let Some(connected_in) = self.connected_in.filter(|_| self.has_room && !self.stalled)
        else {
            return;
        };
        let passed_over = book.orders.passed_over(&self.user, None, connected_in);
        assert_eq!(passed_over, None, "{} was disconnected, and is still there", self.user);
        for (channel, following) in self.channels.iter().filter(|(_, it)| it.subscribed) {
            let since = following.subscribed_in;
            let passed_over = book.orders.passed_over(&self.user, Some(channel), since);
            assert_eq!(passed_over, None, "{} was unsubscribed from {channel}", self.user);
        }
    }

    /// Whether it may have been ordered away, and not know it.
    pub(crate) fn may_be_ordered_away(&self, book: &Book) -> bool {
        book.orders.is_under_way(&self.user)
    }
}
