//! All cases, a file for each part of the standards. They are tables wherever they can be: what is
//! sent, and what has to come.

mod closing;
mod control;
mod deflate_answers;
mod deflate_contexts;
mod deflate_data;
mod deflate_declined;
mod deflate_offers;
mod early;
mod fragments;
mod header;
mod http;
mod limits;
mod masking;
mod request;
mod request_fields;
mod request_line;
mod request_right;
mod requests_of_clients;
mod response;
mod response_wrong;
mod segments;
mod utf8;

use longwire::Role;

use crate::case::{Case, Codes, Expect, PROBE, Section, echo, ws};
use crate::frames::{Frame, ping, text};

/// All cases for a peer of this role, in the order of the standards.
pub fn cases(role: Role) -> Vec<Case> {
    let mut all = match role {
        Role::Server => [request::cases(), http::cases(), deflate_offers::cases()].concat(),
        Role::Client => {
            [requests_of_clients::cases(), response::cases(), deflate_answers::cases()].concat()
        }
    };
    all.extend(masking::cases(role));
    for part in [
        header::cases,
        early::cases,
        fragments::cases,
        control::cases,
        closing::cases,
        utf8::cases,
        limits::cases,
        segments::cases,
        deflate_data::cases,
        deflate_contexts::cases,
    ] {
        all.extend(part());
    }
    all.sort_by_key(|case| order(case.section));
    all
}

/// Sections by their numbers, not by their digits.
fn order(section: Section) -> (u16, Vec<u16>) {
    (section.rfc, section.number.split('.').map(|part| part.parse().unwrap_or(0)).collect())
}

/// Frames that the peer has to fail the connection for.
#[derive(Debug)]
struct Failing {
    section: Section,
    name: String,
    title: String,
    frames: Vec<Frame>,
    /// What is right to say then.
    codes: Codes,
    autobahn: &'static str,
    /// The fault is in the content, which an application may look at only after frames behind it
    /// were read: a Pong tells nothing then.
    content: bool,
}

impl Failing {
    /// A MUST: the connection fails, and what stands behind in the same write is not processed. And
    /// a SHOULD of §7.1.7: a Close with the right code tells why.
    fn cases(self) -> [Case; 2] {
        [self.case(), self.code_case()]
    }

    fn case(&self) -> Case {
        let mut frames = self.frames.clone();
        if !self.content {
            frames.push(ping(PROBE));
        }
        frames.push(text(PROBE));
        Case::must(self.section, &self.name, &self.title)
            .autobahn(self.autobahn)
            .send(frames)
            .expect(Expect::Failure(&[]))
    }

    fn code_case(&self) -> Case {
        let name = format!("code-after-{}-{}", self.section.number, self.name);
        let title = format!("{}: the Close says why", self.title);
        Case::should(ws("7.1.7"), &name, title)
            .send(self.frames.clone())
            .expect(Expect::Failure(self.codes))
    }
}

/// A MUST: the frames are one message, which comes back.
fn echoing(section: Section, name: &str, title: &str, frames: Vec<Frame>) -> Case {
    let opcode = frames.iter().map(|frame| frame.opcode).find(|opcode| matches!(opcode, 1 | 2));
    let data = frames.iter().filter(|frame| frame.opcode <= 2);
    let payload = data.map(|frame| frame.payload.as_ref()).collect::<Vec<_>>().concat();
    Case::must(section, name, title).send(frames).step(echo(opcode.unwrap_or(1), payload))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::case::{Level, Opening};

    #[test]
    fn every_case_has_its_own_name() {
        for role in [Role::Server, Role::Client] {
            let mut names = HashSet::new();
            for case in cases(role) {
                assert!(names.insert(case.id.clone()), "{} twice", case.id);
            }
        }
    }

    #[test]
    fn every_case_expects_something() {
        for role in [Role::Server, Role::Client] {
            for case in cases(role) {
                assert!(!case.expectation().is_empty(), "{}", case.id);
                assert!(!case.title.is_empty(), "{}", case.id);
                let lower = |char: char| !char.is_ascii_uppercase() && !char.is_whitespace();
                assert!(case.id.chars().all(lower), "{}", case.id);
            }
        }
    }

    #[test]
    fn there_are_enough_that_autobahn_lacks() {
        for (role, least) in [(Role::Server, 300), (Role::Client, 250)] {
            let own = |case: &&Case| case.autobahn.is_none() && case.level != Level::Info;
            assert!(cases(role).iter().filter(own).count() >= least, "{role:?}");
        }
    }

    #[test]
    fn a_role_has_only_its_own_openings() {
        for case in cases(Role::Client) {
            assert!(!matches!(case.opening, Opening::Request { .. }), "{}", case.id);
        }
        for case in cases(Role::Server) {
            let wrong = matches!(case.opening, Opening::Response { .. } | Opening::Asked(_));
            assert!(!wrong, "{}", case.id);
        }
    }
}
