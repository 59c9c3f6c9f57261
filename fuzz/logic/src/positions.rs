//! The position of a reader as a text, as `Last-Event-ID`, `since` and an entity tag: there is one
//! text for one position, whatever names and epochs are, and a list of entity tags names what it names.

use crate::shape;
use arbitrary::{Result, Unstructured};
use longwire_realtime::dialect::positions::{MAX_BYTES, Positions, PositionsError};
use longwire_realtime::dialect::{poll, sse};
use longwire_realtime::{Epoch, Position};
use std::collections::BTreeMap;

const MAX_OPERATIONS: usize = 40;

/// Runs one input: operations on a position, or a text that is to be one, and a list of entity tags.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    if u.arbitrary::<bool>()? {
        return walk(&mut u);
    }
    let field = shape::text(shape::short(&mut u)?);
    let text = shape::text(u.take_rest());
    if let Ok(positions) = Positions::parse(&text) {
        assert_eq!(positions.encode().as_deref(), Ok(&*text), "two texts for one position");
        check_text(&text);
    }
    assert_eq!(poll::is_none_match(&field, &text), names(&field, &text), "{field:?} {text:?}");
    Ok(())
}

/// Moves a reader as a map would be changed.
fn walk(u: &mut Unstructured<'_>) -> Result<()> {
    let mut positions = Positions::default();
    let mut expected: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for _ in 0..MAX_OPERATIONS {
        if u.is_empty() {
            break;
        }
        let operation: u8 = u.arbitrary()?;
        let channel = shape::text(shape::short(u)?);
        match operation % 4 {
            0 | 1 => {
                let epoch = shape::text(shape::short(u)?);
                let offset: u64 = u.arbitrary()?;
                positions.set(&channel, Position { epoch: Epoch::new(&epoch), offset });
                expected.insert(channel, (epoch, offset));
            }
            2 => {
                let offset: u64 = u.arbitrary()?;
                positions.advance(&channel, offset);
                expected.entry(channel).and_modify(|it| it.1 = offset);
            }
            _ => {
                positions.remove(&channel);
                expected.remove(&channel);
            }
        }
    }
    assert_eq!(positions.len(), expected.len());
    match positions.encode() {
        Ok(text) => {
            let there = Positions::parse(&text).expect("what was written can be read");
            let there = there.iter().map(|(channel, it)| {
                (channel.to_owned(), (it.epoch.as_str().to_owned(), it.offset))
            });
            assert_eq!(there.collect::<BTreeMap<_, _>>(), expected);
            check_text(&text);
        }
        Err(error) => {
            assert_eq!(error, PositionsError::TooLong);
            let parts = expected.iter().map(|(channel, (epoch, _))| channel.len() + epoch.len());
            let most = parts.map(|len| 3 * len + 23).sum::<usize>() + 1;
            assert!(most > MAX_BYTES, "{most} bytes at most are not too many");
        }
    }
    Ok(())
}

/// It can stand in a URL, a header, an event and a quoted string as it is.
fn check_text(text: &str) {
    assert!(text.len() <= MAX_BYTES);
    assert!(text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._~".contains(&it)), "{text}");
    let mut id = Vec::new();
    assert_eq!(sse::encode_id(text, &mut id), Ok(()));
    assert_eq!(id, format!("id: {text}\n").into_bytes());
    assert!(poll::is_none_match(&poll::entity_tag(text), text));
    assert!(poll::is_none_match(&format!("\"\", W/{}", poll::entity_tag(text)), text));
}

/// RFC 9110 §13.1.2: `*`, or a list of entity tags; of a list that is broken, what stands before.
fn names(field: &str, text: &str) -> bool {
    let field = field.trim_matches([' ', '\t']);
    if field == "*" {
        return true;
    }
    // What stands between quotation marks, and what stands around: only commas and white space may,
    // and `W/` directly before.
    let mut parts = field.split('"');
    while let (Some(before), Some(tag)) = (parts.next(), parts.next()) {
        let before = before.strip_suffix("W/").unwrap_or(before);
        if !before.chars().all(|it| matches!(it, ' ' | '\t' | ',')) || parts.clone().next().is_none()
        {
            return false;
        }
        if tag == text {
            return true;
        }
    }
    false
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let texts: [(&str, &str); 8] = [
        ("*", "1.news.xD5R.7"),
        ("\"1.a.x.1\"", "1.a.x.1"),
        ("W/\"1.a.x.8\", \"1.b.y.9\"", "1.chat~3a42~237~2c8.x.18446744073709551615"),
        (" ,\t\"a,b\" , W/\"1\" ", "1"),
        ("\"1.a.x.1", "1.a.x.1.b.y.2"),
        ("x, \"1..x.1\"", "1..x.1"),
        ("", "1.gr~c3~bc~c3~9fe.x.01"),
        ("\"\"", "1.~ff.x.1"),
    ];
    let mut seeds: Vec<Vec<u8>> = texts
        .iter()
        .map(|(field, text)| {
            let len = u8::try_from(field.len()).expect("a short field");
            [&[0, len][..], field.as_bytes(), text.as_bytes()].concat()
        })
        .collect();
    seeds.push(b"\x01\x00\x04news\x04xD5R\x07\0\0\0\0\0\0\0\x02\x04news\x09\0\0\0\0\0\0\0".to_vec());
    seeds.push(b"\x01\x00\x05a.b~c\x00\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01a\x01x\x01\0\0\0\0\0\0\0\x03\x01a".to_vec());
    let long = [&[0, 255][..], &[b'~'; 255], &[255], &[b'.'; 255], &[0xff; 8]].concat();
    seeds.push([&[1][..], &long, &long[..1], &[3, b'a', b'b', b'c'], &long[257..]].concat());
    seeds
}
