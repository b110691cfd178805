//! Builds of C and C++: CMake, Make, Meson.

use super::{Read, leaves::line_number, leaves::without_comment};
use crate::workload::evidence::Scope;

/// Reads CMake's commands. What stands in an `if` is built when asked for.
pub(super) fn cmake(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let mut depth = 0_usize;
    let mut call = String::new();
    let mut start = 0;
    for (at, line) in text.lines().enumerate() {
        let line = without_comment(line).trim();
        if call.is_empty() {
            start = at;
        }
        call.push_str(line);
        call.push(' ');
        // A call ends with its bracket; one that does not is given up.
        if !line.contains(')')
            && line_number(at) < line_number(start).saturating_add(200)
            && call.contains('(')
        {
            continue;
        }
        command(&call, line_number(start), scope, &mut depth, &mut read);
        call.clear();
    }
    command(&call, line_number(start), scope, &mut depth, &mut read);
    read
}

fn command(call: &str, line: u32, scope: Scope, depth: &mut usize, read: &mut Read) {
    let Some((name, arguments)) = call.split_once('(') else { return };
    let mut words = arguments.split([' ', '\t', ')', ';', '"']).filter(|word| !word.is_empty());
    let scope = if *depth > 0 { scope.max(Scope::Extra) } else { scope };
    match name.trim().to_ascii_lowercase().as_str() {
        "if" => *depth += 1,
        "endif" => *depth = depth.saturating_sub(1),
        "find_package" => {
            let package = words.next().unwrap_or_default();
            // Without REQUIRED the build goes on when it is missing.
            let scope =
                if words.any(|word| word == "REQUIRED") { scope } else { scope.max(Scope::Extra) };
            read.build(&format!("find_package({package}"), line, scope);
        }
        "enable_language" if words.any(is_cuda) => {
            read.build("enable_language(CUDA)", line, scope);
        }
        "project" if words.next().is_some() && words.any(is_cuda) => {
            read.build("enable_language(CUDA)", line, scope);
        }
        "cuda_add_library" | "cuda_add_executable" => {
            read.build("enable_language(CUDA)", line, scope);
        }
        "fetchcontent_declare" | "cpmaddpackage" | "externalproject_add" => {
            let package = words.next().unwrap_or_default().trim_start_matches("gh:");
            let package = package.rsplit('/').next().unwrap_or_default();
            let package = package.split(['#', '@']).next().unwrap_or_default();
            read.build(&format!("find_package({package}"), line, scope);
        }
        _ => {}
    }
}

fn is_cuda(word: &str) -> bool {
    word == "CUDA"
}

/// Reads a Makefile: rules that call `nvcc`, and libraries linked with `-l`. What stands between `ifdef`
/// and `endif` is built when asked for.
pub(super) fn make(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    let mut depth = 0_usize;
    let mut seen = false;
    for (at, line) in text.lines().enumerate() {
        let line = without_comment(line).trim();
        if ["ifdef", "ifeq", "ifneq", "ifndef"].iter().any(|word| line.starts_with(word)) {
            depth += 1;
        } else if line.starts_with("endif") {
            depth = depth.saturating_sub(1);
        }
        if !seen
            && line
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| word == "nvcc" || word == "NVCC")
        {
            seen = true;
            read.build(
                "nvcc",
                line_number(at),
                if depth > 0 { scope.max(Scope::Extra) } else { scope },
            );
        }
    }
    read
}

/// Reads `meson.build`: dependencies, and CUDA among the project's languages.
pub(super) fn meson(text: &str, scope: Scope) -> Read {
    let mut read = Read::default();
    for (at, line) in text.lines().enumerate() {
        let line = without_comment(line);
        let number = line_number(at);
        let mut quoted = line.split('\'').skip(1).step_by(2);
        if let Some((_, after)) = line.split_once("dependency(") {
            let name = after.split('\'').nth(1).unwrap_or_default();
            let scope = if after.contains("required") { scope.max(Scope::Extra) } else { scope };
            read.build(&format!("find_package({name}"), number, scope);
        } else if (line.starts_with("project(") || line.contains("add_languages("))
            && quoted.any(|word| word == "cuda")
        {
            let scope =
                if line.contains("required: false") { scope.max(Scope::Extra) } else { scope };
            read.build("enable_language(CUDA)", number, scope);
        }
    }
    read
}
