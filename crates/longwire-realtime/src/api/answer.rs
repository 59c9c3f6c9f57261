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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientId, ClientInfo, Epoch, HistoryPage, Json, PresenceStats, Publication};
    use std::sync::Arc;
    use std::time::Duration;

    fn position() -> Position {
        Position { epoch: Epoch::new("xD5R"), offset: u64::MAX }
    }

    fn answer(answer: &Result<Response, Error>) -> String {
        let mut out = Vec::new();
        encode(answer, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_answer() {
        let info = Arc::new(ClientInfo {
            client: ClientId(1),
            user: "7".into(),
            conn_info: None,
            chan_info: Some(Json::from_valid("{ }")),
        });
        let publication = Arc::new(Publication {
            offset: 9,
            data: Json::from_valid("{ \"a\":1.0 }"),
            info: Some(Arc::clone(&info)),
            tags: vec![("t".into(), "v".into())],
            key: None,
        });
        let node = NodeInfo {
            name: "n1".into(),
            version: "0.1.0".into(),
            clients: 5,
            users: 4,
            channels: 3,
            subscriptions: 2,
            uptime: Duration::from_millis(1999),
        };
        let client =
            r#"{"user":"7","client":"00000000-0000-0000-0000-000000000001","chan_info":{ }}"#;
        let rows = [
            (
                Response::Publish(Some(position())),
                r#"{"epoch":"xD5R","offset":18446744073709551615}"#.to_owned(),
            ),
            (Response::Publish(None), "{}".to_owned()),
            (
                Response::Broadcast(vec![Ok(Some(position())), Err(Error::UnknownChannel), Ok(None)]),
                "{\"responses\":[{\"result\":{\"epoch\":\"xD5R\",\"offset\":18446744073709551615}},\
                 {\"error\":{\"code\":102,\"message\":\"unknown channel\"}},{\"result\":{}}]}"
                    .to_owned(),
            ),
            (Response::Done, "{}".to_owned()),
            (Response::Presence(vec![]), "{\"presence\":{}}".to_owned()),
            (
                Response::Presence(vec![info]),
                format!("{{\"presence\":{{\"00000000-0000-0000-0000-000000000001\":{client}}}}}"),
            ),
            (
                Response::PresenceStats(PresenceStats { clients: 2, users: 0 }),
                r#"{"num_clients":2,"num_users":0}"#.to_owned(),
            ),
            (
                Response::History(HistoryPage {
                    publications: vec![publication],
                    position: position(),
                }),
                format!(
                    "{{\"publications\":[{{\"data\":{{ \"a\":1.0 }},\"offset\":9,\"info\":{client},\
                     \"tags\":{{\"t\":\"v\"}}}}],\"epoch\":\"xD5R\",\"offset\":18446744073709551615}}"
                ),
            ),
            (
                Response::Channels(vec![("a\"".to_owned(), 2), ("b".to_owned(), 0)]),
                r#"{"channels":{"a\"":{"num_clients":2},"b":{"num_clients":0}}}"#.to_owned(),
            ),
            (
                Response::Info(node),
                "{\"nodes\":[{\"uid\":\"n1\",\"name\":\"n1\",\"version\":\"0.1.0\",\"num_clients\":5,\
                 \"num_users\":4,\"num_subs\":2,\"num_channels\":3,\"uptime\":1}]}"
                    .to_owned(),
            ),
        ];
        for (response, result) in rows {
            assert_eq!(answer(&Ok(response)), format!("{{\"result\":{result}}}"));
        }
    }

    #[test]
    fn an_error_has_a_number_and_a_text() {
        assert_eq!(
            answer(&Err(Error::BadRequest("publish.data is missing".to_owned()))),
            r#"{"error":{"code":107,"message":"bad request: publish.data is missing"}}"#
        );
        assert_eq!(
            answer(&Err(Error::Internal)),
            r#"{"error":{"code":100,"message":"internal server error"}}"#
        );
    }

    #[test]
    fn a_batch_has_each_answer_under_its_method() {
        let answers = [
            (Some(Method::Publish), Ok(Response::Publish(None))),
            (None, Err(Error::MethodNotFound)),
            (Some(Method::HistoryRemove), Ok(Response::Done)),
            (Some(Method::Presence), Err(Error::NotAvailable)),
        ];
        let mut out = Vec::new();
        encode_batch(answers.iter().map(|(method, answer)| (*method, answer)), &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"replies\":[{\"publish\":{}},{\"error\":{\"code\":104,\"message\":\"method not found\"}},\
             {\"history_remove\":{}},{\"error\":{\"code\":108,\"message\":\"not available\"}}]}"
        );
        let mut out = Vec::new();
        encode_batch([], &mut out);
        assert_eq!(out, br#"{"replies":[]}"#);
    }
}
