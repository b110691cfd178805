//! `$NAME` and `${NAME:-default}` as Compose substitutes them, odd corners included.

/// What became of one text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Substituted {
    pub(super) text: String,
    /// Variables that are not set and have no default.
    pub(super) unset: Vec<String>,
    /// The variables that values were taken of.
    pub(super) used: Vec<String>,
}

/// Why a text cannot be substituted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// A `${` without a name or an end.
    Invalid,
    /// A `${NAME:?why}` that is not set.
    Required { name: String, why: String },
}

/// Replaces every variable. Of several faults the first counts.
pub(super) fn substitute(
    template: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Substituted, Refused> {
    let mut done = Substituted::default();
    into(template, lookup, &mut done, 0)?;
    Ok(done)
}

/// Defaults in defaults, at most.
const DEEPEST: usize = 100;

fn into(
    template: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    done: &mut Substituted,
    depth: usize,
) -> Result<(), Refused> {
    if depth > DEEPEST {
        return Err(Refused::Invalid);
    }
    let mut rest = template;
    while let Some(at) = memchr::memchr(b'$', rest.as_bytes()) {
        done.text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (found, length) = next(rest)?;
        match found {
            Found::Dollar => done.text.push('$'),
            Found::Nothing => done.text.push_str(&rest[..length]),
            Found::Name(name) | Found::Braced(name, "", _) => plain(name, lookup, done),
            Found::Braced(..) => braced(&rest[..length], lookup, done, depth)?,
        }
        rest = &rest[length..];
    }
    done.text.push_str(rest);
    Ok(())
}

fn plain(name: &str, lookup: &dyn Fn(&str) -> Option<String>, done: &mut Substituted) {
    match lookup(name) {
        Some(value) => {
            done.text.push_str(&value);
            done.used.push(name.to_owned());
        }
        None => done.unset.push(name.to_owned()),
    }
}

/// A `${NAME:-…}` and all that follows it up to the last `}` of its line, which is how far Compose reads.
fn braced(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    done: &mut Substituted,
    depth: usize,
) -> Result<(), Refused> {
    let (own, rest) = match closing(text) {
        Some(end) => text.split_at(end + 1),
        None => (text, ""),
    };
    let (Found::Braced(name, operator, word), _) = next(own)? else {
        return Err(Refused::Invalid);
    };
    let value = lookup(name);
    let is_empty_unset = operator.starts_with(':');
    let is_given = value.as_ref().is_some_and(|value| !(is_empty_unset && value.is_empty()));
    match (operator.chars().last(), is_given) {
        (Some('-' | '?'), true) => {
            done.text.push_str(&value.unwrap_or_default());
            done.used.push(name.to_owned());
        }
        (Some('-'), false) | (Some('+'), true) => into(word, lookup, done, depth + 1)?,
        (Some('?'), false) => {
            let mut why = Substituted::default();
            into(word, lookup, &mut why, depth + 1)?;
            return Err(Refused::Required { name: name.to_owned(), why: why.text });
        }
        _ => done.text.push_str(&value.unwrap_or_default()),
    }
    into(rest, lookup, done, depth + 1)
}

enum Found<'t> {
    /// `$$`
    Dollar,
    /// A `$` that means nothing.
    Nothing,
    Name(&'t str),
    /// Name, operator, and what follows it up to the last `}` of the line.
    Braced(&'t str, &'t str, &'t str),
}

/// What a text that begins with `$` begins with, and how long that is.
fn next(text: &str) -> Result<(Found<'_>, usize), Refused> {
    let bytes = text.as_bytes();
    match bytes.get(1) {
        Some(b'$') => Ok((Found::Dollar, 2)),
        Some(b'{') => {
            let name = name(&text[2..]);
            let after = &text[2 + name.len()..];
            if name.is_empty() {
                return Err(Refused::Invalid);
            }
            if after.starts_with('}') {
                return Ok((Found::Braced(name, "", ""), 3 + name.len()));
            }
            let operator = [":-", ":?", ":+", "-", "?", "+"].into_iter();
            let operator = operator.into_iter().find(|operator| after.starts_with(operator));
            let operator = operator.ok_or(Refused::Invalid)?;
            let line = after[operator.len()..].split('\n').next().unwrap_or_default();
            let end = line.rfind('}').ok_or(Refused::Invalid)?;
            let length = 2 + name.len() + operator.len() + end + 1;
            Ok((Found::Braced(name, operator, &line[..end]), length))
        }
        Some(_) => match name(&text[1..]) {
            "" => Ok((Found::Nothing, 1)),
            name => Ok((Found::Name(name), 1 + name.len())),
        },
        None => Ok((Found::Nothing, 1)),
    }
}

fn name(text: &str) -> &str {
    let is_part = |(at, byte): &(usize, u8)| {
        byte.is_ascii_alphabetic() || *byte == b'_' || (*at > 0 && byte.is_ascii_digit())
    };
    let length = text.bytes().enumerate().take_while(is_part).count();
    &text[..length]
}

/// The `}` that belongs to the first `{`. What directly follows a `{` is not looked at, as in Compose.
fn closing(text: &str) -> Option<usize> {
    let (mut open, mut at) = (0_i32, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'}' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            b'{' => {
                open += 1;
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str) -> Option<String> {
        match name {
            "A" => Some("a".to_owned()),
            "EMPTY" => Some(String::new()),
            "_x1" => Some("x".to_owned()),
            _ => None,
        }
    }

    fn text(template: &str) -> String {
        substitute(template, &set).unwrap().text
    }

    #[test]
    fn variables_are_replaced() {
        for (template, wanted) in [
            ("$A ${A} $_x1", "a a x"),
            ("$$A", "$A"),
            ("$$$A", "$a"),
            ("${B:-b}", "b"),
            ("${B-b}", "b"),
            ("${EMPTY:-b}", "b"),
            ("${EMPTY-b}", ""),
            ("${A:+set}", "set"),
            ("${EMPTY:+set}", ""),
            ("${EMPTY+set}", "set"),
            ("${B+set}", ""),
            ("${A:?no}", "a"),
            ("${B:-${C:-${A}}}", "a"),
            ("${B:-x${A}y} and ${C:-z}", "xay and z"),
            ("$(pwd) $' $2a $", "$(pwd) $' $2a $"),
            ("cost $5", "cost $5"),
            ("${B:-a:b-c?d}", "a:b-c?d"),
            ("${B:-$$A}", "$A"),
            ("${B:-http://x/{id}}", "http://x/{id}"),
            ("ü$A", "üa"),
        ] {
            assert_eq!(text(template), wanted, "{template}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for template in ["${}", "${", "${A", "${A!}", "${-x}", "${1}", "${B:-x\ny}", "${ A}"] {
            assert_eq!(substitute(template, &set), Err(Refused::Invalid), "{template}");
        }
        // A default that is not needed is not read.
        assert_eq!(text("${A:-${}}"), "a");
    }

    #[test]
    fn what_must_be_set_says_why() {
        let refused = Refused::Required { name: "B".into(), why: "set a".into() };
        assert_eq!(substitute("${B:?set ${A}}", &set), Err(refused));
        let refused = Refused::Required { name: "EMPTY".into(), why: String::new() };
        assert_eq!(substitute("${EMPTY:?}", &set), Err(refused));
        assert_eq!(text("${EMPTY?}"), "");
    }

    #[test]
    fn what_is_unset_is_told() {
        let done = substitute("$B ${C} ${D:-$E} ${A}", &set).unwrap();
        assert_eq!(done.unset, ["B", "C", "E"]);
        assert_eq!(done.used, ["A"]);
    }
}
