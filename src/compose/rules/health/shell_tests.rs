use super::shell::*;

/// As one would write it with all its brackets.
fn told(list: &List) -> String {
    let command = |command: &Command| told_command(command);
    let mut text = String::new();
    for (at, (joint, next)) in list.iter().enumerate() {
        text += match joint {
            _ if at == 0 => "",
            Joint::Then => " ; ",
            Joint::And => " && ",
            Joint::Or => " || ",
        };
        text += &command(next);
    }
    text
}

fn told_command(command: &Command) -> String {
    match command {
        Command::Simple(simple) => {
            let word = |word: &Word| {
                let inner: Vec<String> = word.inner.iter().map(told).collect();
                let mark = if word.is_fixed { "" } else { "*" };
                format!("<{}{mark}{}>", word.text, inner.join("/"))
            };
            let words: Vec<String> = simple.words.iter().map(word).collect();
            let redirects: Vec<String> =
                simple.redirects.iter().map(|to| format!(" > {to}")).collect();
            words.join(" ") + &redirects.concat()
        }
        Command::Pipeline(parts) => {
            let parts: Vec<String> = parts.iter().map(told_command).collect();
            format!("({})", parts.join(" | "))
        }
        Command::Not(inner) => format!("!{}", told_command(inner)),
        Command::Group { list, is_subshell: true } => format!("({})", told(list)),
        Command::Group { list, .. } => format!("{{{}}}", told(list)),
    }
}

#[test]
fn lines_are_parted_into_commands() {
    for (line, wanted) in [
        ("curl -f http://a/b?c=1", "<curl> <-f> <http://a/b?c=1>"),
        ("a || exit 1", "<a> || <exit> <1>"),
        ("a&&b;c\nd", "<a> && <b> ; <c> ; <d>"),
        ("a |\n b |& c", "(<a> | <b> | <c>)"),
        ("! a | b", "!(<a> | <b>)"),
        ("(a; b) && { c; d; }", "(<a> ; <b>) && {<c> ; <d>}"),
        ("a > /dev/null 2>&1 &>x", "<a> > /dev/null > 1 > x"),
        ("exec 3<>/dev/tcp/a/1 && cat <&3", "<exec> > /dev/tcp/a/1 && <cat> > 3"),
        ("a 'b c' \"d \\\" $E\" f\\ g", "<a> <b c> <d \" $E*> <f g>"),
        ("[ $(a | b) = 'c' ]", "<[> <$()*(<a> | <b>)> <=> <c> <]>"),
        ("test \"`a`\" -eq 1", "<test> <$()*<a>> <-eq> <1>"),
        ("[[ a && b || c < d ]] && e", "<[[> <a> <&> <&> <b> <|> <|> <c> <<> <d> <]]> && <e>"),
        ("A=b C=${D:-e f} g", "<A=b> <C=${D:-e f}*> <g>"),
        ("a $((1 + 2)) $'b\\'c' $? $", "<a> <$((1 + 2))*> <b'c> <$?*> <$>"),
        ("a # b\nc#d", "<a> ; <c#d>"),
        ("a \\\n b", "<a> <b>"),
        ("a <<< b", "<a>"),
        ("a &", "<a>"),
        ("echo {a,b} }", "<echo> <{a,b}> <}>"),
        ("", ""),
        (" ; ", ""),
    ] {
        let list = parse(line, 0).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(told(&list), wanted, "{line}");
    }
}

#[test]
fn what_is_not_understood_is_not_read() {
    for line in [
        "if a; then b; fi",
        "for a in b; do c; done",
        "while a; do b; done",
        "case a in b) c;; esac",
        "a() { b; }",
        "a << EOF",
        "a <(b)",
        "((1))",
        "'a",
        "\"a",
        "$(a",
        "${a",
        "`a",
        "(a",
        "{ a;",
        "a )",
        "a \\",
        "a >",
        "|",
        "a | | b",
        "&& a",
        "a &&",
        "(a ||)",
    ] {
        assert_eq!(parse(line, 0), None, "{line}");
    }
}

#[test]
fn deep_lines_are_left_alone() {
    for line in ["(".repeat(100_000), "$(".repeat(100_000), "{ ".repeat(100_000)] {
        assert_eq!(parse(&line, 0), None);
    }
    assert!(parse(&"a;".repeat(100_000), 0).is_some());
}
