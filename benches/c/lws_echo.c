/*
 * libwebsockets as an echo server with one service thread, for `cargo xtask bench echo`.
 *
 *     lws-echo [--deflate]     print `listening PORT`, echo until standard input ends
 *     lws-echo --version       print the library's version
 *
 * On libev, because its own loop asks poll() for every connection and because on libuv 4.1.6 stalls with
 * permessage-deflate; with a receive buffer of 64 KiB; with UTF-8 checked. None of these is its default.
 * A message is put together from the pieces in which it arrives, and sent when the library says that the
 * socket is writable, as its documentation demands.
 */

#include <libwebsockets.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECEIVE_BUFFER_BYTES = 64 * 1024 };

/* A message that arrives or waits to be sent, with room for its frame header in front. */
struct message {
	struct message *next;
	size_t length;
	size_t capacity;
	bool binary;
	unsigned char bytes[];
};

/* What the library keeps for each connection, zeroed at first. */
struct session {
	struct message *arriving;
	struct message *first;
	struct message **last;
};

static bool deflate;

/* Adds a piece; the message grows to the length that its frame promises, or by doubling. */
static bool append(struct session *session, const void *piece, size_t length, size_t promised)
{
	struct message *message = session->arriving;
	size_t wanted = (message ? message->length : 0) + length;

	if (!message || wanted > message->capacity) {
		size_t capacity = wanted + promised;

		if (message && capacity < 2 * message->capacity)
			capacity = 2 * message->capacity;
		struct message *larger = realloc(message, sizeof *message + LWS_PRE + capacity);
		if (!larger)
			return false;
		if (!message)
			larger->length = 0;
		larger->capacity = capacity;
		session->arriving = message = larger;
	}
	memcpy(message->bytes + LWS_PRE + message->length, piece, length);
	message->length = wanted;
	return true;
}

static void enqueue(struct session *session, bool binary)
{
	struct message *message = session->arriving;

	message->next = NULL;
	message->binary = binary;
	if (!session->first)
		session->last = &session->first;
	*session->last = message;
	session->last = &message->next;
	session->arriving = NULL;
}

/* Sends what waits, until the library had to keep some of it. */
static int send_waiting(struct lws *wsi, struct session *session)
{
	while (session->first && !lws_partial_buffered(wsi)) {
		struct message *message = session->first;
		enum lws_write_protocol kind = message->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
		int written = lws_write(wsi, message->bytes + LWS_PRE, message->length, kind);

		if (written < 0)
			return -1;
		session->first = message->next;
		free(message);
		/* Its compressor may have more to give first. */
		if (deflate)
			break;
	}
	if (session->first)
		lws_callback_on_writable(wsi);
	return 0;
}

static void forget(struct session *session)
{
	free(session->arriving);
	while (session->first) {
		struct message *message = session->first;

		session->first = message->next;
		free(message);
	}
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t length)
{
	struct session *session = user;

	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		/* Its default is 1. */
		if (deflate)
			lws_set_extension_option(wsi, "permessage-deflate", "compression_level", "6");
		return 0;
	case LWS_CALLBACK_RECEIVE:
		if (!append(session, in, length, lws_remaining_packet_payload(wsi)))
			return -1;
		if (lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi)) {
			enqueue(session, lws_frame_is_binary(wsi));
			lws_callback_on_writable(wsi);
		}
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return send_waiting(wsi, session);
	case LWS_CALLBACK_CLOSED:
		forget(session);
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{ "echo", callback, sizeof(struct session), RECEIVE_BUFFER_BYTES, 0, NULL, 0 },
	{ NULL, NULL, 0, 0, 0, NULL, 0 }
};

static const struct lws_extension extensions[] = {
	{ "permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate" },
	{ NULL, NULL, NULL }
};

/* The process ends when its standard input does. */
static void *end_with_input(void *unused)
{
	char bytes[64];

	while (read(STDIN_FILENO, bytes, sizeof bytes) > 0)
		;
	_exit(0);
	return unused;
}

int main(int argc, char **argv)
{
	struct lws_context_creation_info info;
	struct lws_context *context;
	struct lws_vhost *vhost;
	pthread_t thread;

	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts(LWS_LIBRARY_VERSION);
		return 0;
	}
	deflate = argc > 1 && strcmp(argv[1], "--deflate") == 0;
	lws_set_log_level(LLL_ERR | LLL_WARN, NULL);
	memset(&info, 0, sizeof info);
	info.port = 0;
	info.iface = "127.0.0.1";
	info.protocols = protocols;
	info.extensions = deflate ? extensions : NULL;
	info.pt_serv_buf_size = RECEIVE_BUFFER_BYTES;
	info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_VALIDATE_UTF8 |
		       LWS_SERVER_OPTION_LIBEV;
	context = lws_create_context(&info);
	vhost = context ? lws_create_vhost(context, &info) : NULL;
	if (!vhost) {
		fprintf(stderr, "libwebsockets does not start\n");
		return 1;
	}
	printf("listening %d\n", lws_get_vhost_listen_port(vhost));
	fflush(stdout);
	if (pthread_create(&thread, NULL, end_with_input, NULL) != 0)
		return 1;
	while (lws_service(context, 0) >= 0)
		;
	lws_context_destroy(context);
	return 0;
}
