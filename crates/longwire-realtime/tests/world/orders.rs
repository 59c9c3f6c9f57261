//! What an application has asked of users, one behind the other, and whom each of it means: who was there
//! before, wherever, and nobody who came behind it.

/// The code of the first order to disconnect. Each has one of its own.
const FIRST_CODE: u16 = 4000;

#[derive(Default)]
pub(crate) struct Orders {
    /// The user, and the channel that it is to leave; without one it is disconnected.
    given: Vec<(String, Option<&'static str>)>,
}

impl Orders {
    /// How many there are. Whoever comes now is meant by those behind them alone.
    pub(crate) fn count(&self) -> usize {
        self.given.len()
    }

    /// One more, and the code for it.
    pub(crate) fn give(&mut self, user: &str, channel: Option<&'static str>) -> u16 {
        self.given.push((user.to_string(), channel));
        FIRST_CODE + u16::try_from(self.given.len() - 1).unwrap()
    }

    /// Whether one means a user that came to the channel, or the node, behind so many.
    pub(crate) fn mean(&self, user: &str, channel: Option<&'static str>, behind: usize) -> bool {
        self.given[behind..].iter().any(|it| it.0 == user && it.1 == channel)
    }

    /// Holds the end of a session against the orders.
    pub(crate) fn check_end(&self, code: u16, user: &str, behind: usize) {
        let Some(number) = code.checked_sub(FIRST_CODE).map(usize::from) else { return };
        let (of, channel) = &self.given[number];
        assert!(
            number >= behind && of == user && channel.is_none(),
            "{user}, who came behind {behind}, was ended by {number}, which was for {of}"
        );
    }
}
