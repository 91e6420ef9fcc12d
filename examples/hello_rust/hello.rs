//! The hello app in Rust, without crates: the part of alicorn/app.h that it needs is written out by hand.
use std::panic::catch_unwind;

#[repr(C)]
pub struct Text {
    data: *const u8,
    size: usize,
}
#[repr(C)]
pub struct Field {
    name: Text,
    value: Text,
}
#[repr(C)]
pub struct Buffer {
    data: *const u8,
    size: usize,
    release: Option<extern "C" fn(*mut u8)>, // None: the host copies the data
    context: *mut u8,
}
/// A prefix of the host's table: later members are not used here.
#[repr(C)]
pub struct Host {
    sizes: [u32; 3],
    log_level: i32,
    server_version: Text,
    respond: extern "C" fn(*mut Request, i32, *const Field, u32, *const Buffer) -> i32,
}
#[repr(C)]
pub struct Request {
    struct_size: u32,
    method_id: i32,
    host: *const Host,
}
#[repr(C)]
pub struct App {
    struct_size: u32,
    abi_major: u32,
    abi_minor: u32,
    flags: u32,
    run_model: i32,
    reserved: i32,
    name: Text,
    version: Text,
    preload_to_ready: [usize; 4],
    on_request: extern "C" fn(*mut Request) -> i32,
    drain_to_worker_exit: [usize; 3],
}
unsafe impl Sync for App {}

const fn text(text: &'static str) -> Text {
    Text { data: text.as_ptr(), size: text.len() }
}

const MAJOR: u32 = 1;
const MINIMUM_MINOR: u32 = 0;
const FLAGS: u32 = 0;

#[used]
#[link_section = ".note.alicorn"]
static NOTE: [u32; 8] =
    [8, 12, 1, u32::from_ne_bytes(*b"Alic"), u32::from_ne_bytes(*b"orn\0"), MAJOR, MINIMUM_MINOR, FLAGS];

static APP: App = App {
    struct_size: std::mem::size_of::<App>() as u32,
    abi_major: MAJOR,
    abi_minor: MINIMUM_MINOR,
    flags: FLAGS,
    run_model: 0,
    reserved: 0,
    name: text("hello_rust"),
    version: text("1"),
    preload_to_ready: [0; 4],
    on_request,
    drain_to_worker_exit: [0; 3],
};

#[no_mangle]
pub extern "C" fn alicorn_app_entry(_: *const Host) -> *const App {
    &APP
}

/// A panic must not reach C: it would abort the worker.
extern "C" fn on_request(request: *mut Request) -> i32 {
    catch_unwind(|| hello(request)).unwrap_or(-1)
}

fn hello(request: *mut Request) -> i32 {
    let header = Field { name: text("content-type"), value: text("text/plain") };
    let body = text("Hello, world\n");
    let buffer = Buffer { data: body.data, size: body.size, release: None, context: std::ptr::null_mut() };
    unsafe { ((*(*request).host).respond)(request, 200, &header, 1, &buffer) }
}
