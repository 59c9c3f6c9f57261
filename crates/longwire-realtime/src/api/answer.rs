//! Answers, to their JSON.

use super::Method;
use crate::dialect::centrifuge::{code, shapes};
use crate::dialect::writer::{Object, object};
use crate::{Error, NodeInfo, Position, Response};

/// Appends the answer to one request.
pub fn encode(answer: &Result<Response, Error>, out: &mut Vec<u8>) {
    object(out, |it| answer_as(it, "result", answer));
}

/// Appends the answer to a batch: for each request its method, if it had one, and its answer.
pub fn encode_batch<'r>(
    answers: impl IntoIterator<Item = (Option<Method>, &'r Result<Response, Error>)>,
    out: &mut Vec<u8>,
) {
    object(out, |it| {
        it.objects("replies", answers, |it, (method, answer)| {
            answer_as(it, method.map_or("result", Method::name), answer);
        });
    });
}

/// The result, under a name, or the error.
fn answer_as(it: &mut Object<'_>, name: &str, answer: &Result<Response, Error>) {
    match answer {
        Ok(response) => it.object(name, |it| result(it, response)),
        Err(error) => failure(it, error),
    }
}

fn failure(it: &mut Object<'_>, error: &Error) {
    it.object("error", |it| {
        it.number("code", code(error).into());
        it.text("message", &error.to_string());
    });
}

fn result(it: &mut Object<'_>, response: &Response) {
    match response {
        Response::Publish(position) => publish(it, position.as_ref()),
        Response::Broadcast(responses) => it.objects("responses", responses, |it, one| match one {
            Ok(position) => it.object("result", |it| publish(it, position.as_ref())),
            Err(error) => failure(it, error),
        }),
        Response::Done => {}
        Response::Presence(clients) => shapes::presence(it, clients),
        Response::PresenceStats(stats) => shapes::presence_stats(it, *stats),
        Response::History(page) => shapes::history(it, page),
        Response::Channels(channels) => it.object("channels", |it| {
            for (channel, subscribers) in channels {
                it.object(channel, |it| it.number("num_clients", *subscribers as u64));
            }
        }),
        Response::Info(info) => it.objects("nodes", [info], node),
    }
}

/// Where a publication stands; nothing in a channel without history.
fn publish(it: &mut Object<'_>, position: Option<&Position>) {
    if let Some(position) = position {
        shapes::position(it, position);
    }
}

fn node(it: &mut Object<'_>, info: &NodeInfo) {
    it.text("uid", &info.name);
    it.text("name", &info.name);
    it.text("version", &info.version);
    it.number("num_clients", info.clients as u64);
    it.number("num_users", info.users as u64);
    it.number("num_subs", info.subscriptions as u64);
    it.number("num_channels", info.channels as u64);
    it.number("uptime", info.uptime.as_secs());
}
