//! What a person at the terminal is told when the server is there: addresses that can be opened, and one to scan.
#![expect(clippy::print_stdout, reason = "what a person waits for, whatever the log filter is")]

use std::io::{IsTerminal, Write};

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use crate::server::Addresses;

/// Says where the server is; for phones nearby with a QR code.
pub(super) fn say(addresses: &Addresses, lan: bool) {
    let reachable = addresses.reachable_urls();
    for url in addresses.local_urls() {
        println!("Artel is at {url}");
    }
    for url in &reachable {
        println!("For phones: {url}");
    }
    match reachable.first() {
        Some(url) if lan => println!("\n{}", drawn(url)),
        None if lan => println!("This machine is in no network that a phone could reach it by."),
        _ => {}
    }
    let _ = std::io::stdout().flush();
}

/// Dark on light whatever the colours of the terminal are: readers of QR codes want the light margin.
fn drawn(url: &str) -> String {
    let Ok(code) = QrCode::new(url) else { return String::new() };
    let picture = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    if std::io::stdout().is_terminal() {
        picture.lines().map(|line| format!("\x1b[40;97m{line}\x1b[0m\n")).collect()
    } else {
        picture
    }
}
