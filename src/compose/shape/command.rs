//! A line of shell as the words that Compose runs.

/// The words of a line, as go-shellwords parts them: what follows a `;`, `&`, `|`, `<` or `>` is left out.
/// `None` for what is open at the end.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut is_escaped, mut is_word) = (false, false);
    let (mut single, mut double, mut back, mut dollar) = (false, false, false, false);
    for c in line.chars() {
        if is_escaped {
            word.push(c);
            (is_escaped, is_word) = (false, true);
            continue;
        }
        match c {
            '\\' if single => word.push(c),
            '\\' => is_escaped = true,
            ' ' | '\t' | '\r' | '\n' => {
                if single || double || back || dollar {
                    word.push(c);
                } else if is_word {
                    words.push(std::mem::take(&mut word));
                    is_word = false;
                }
            }
            '"' if !single && !dollar => {
                is_word |= double;
                double = !double;
            }
            '\'' if !double && !dollar => {
                is_word |= single;
                single = !single;
            }
            '(' if !single && !double && !back => {
                if dollar || !word.ends_with('$') {
                    return None;
                }
                dollar = true;
                word.push(c);
            }
            ';' | '&' | '|' | '<' | '>' if !(single || double || back || dollar) => {
                // `2>` belongs to what is left out.
                if c == '>' && word.starts_with(|c: char| c.is_ascii_digit()) {
                    is_word = false;
                }
                break;
            }
            c => {
                match c {
                    '`' if !single && !double && !dollar => back = !back,
                    ')' if !single && !double && !back => dollar = !dollar,
                    _ => {}
                }
                word.push(c);
                is_word = true;
            }
        }
    }
    if is_word {
        words.push(word);
    }
    let is_open = is_escaped || single || double || back || dollar;
    (!is_open).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_parted_as_compose_parts_them() {
        for (line, wanted) in [
            ("a b  c", vec!["a", "b", "c"]),
            ("sh -c 'x y'", vec!["sh", "-c", "x y"]),
            (r#"a "b \" c""#, vec!["a", "b \" c"]),
            (r"a\ b", vec!["a b"]),
            ("a && b", vec!["a"]),
            ("a 2>/dev/null", vec!["a"]),
            ("a b>c", vec!["a", "b"]),
            ("''", vec![""]),
            ("", vec![]),
            ("a $(b c)", vec!["a", "$(b c)"]),
            ("a `b c`", vec!["a", "`b c`"]),
        ] {
            assert_eq!(words(line).unwrap(), wanted, "{line}");
        }
        for line in ["'a", "\"a", "a\\", "(a)", "a)", "`a"] {
            assert_eq!(words(line), None, "{line}");
        }
    }
}
