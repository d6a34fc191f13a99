// Calls of gRPC between two programs of Go: `go-grpc serve` prints its port, `go-grpc call HOST:PORT RUN`
// prints as JSON how each call ended.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	service    = "e2e.v1.Talk"
	largeBytes = 1 << 20
)

// Messages are bytes, as they are: what encodes them is not what is looked at.
type raw struct{}

func (raw) Name() string                    { return "raw" }
func (raw) Marshal(v any) ([]byte, error)   { return *v.(*[]byte), nil }
func (raw) Unmarshal(b []byte, v any) error { *v.(*[]byte) = append([]byte(nil), b...); return nil }

func main() {
	if len(os.Args) == 4 && os.Args[1] == "call" {
		call(os.Args[2], os.Args[3])
	} else {
		serve()
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer(grpc.ForceServerCodec(raw{}))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{
			{StreamName: "Echo", Handler: echo},
			{StreamName: "Count", Handler: count, ServerStreams: true},
			{StreamName: "Sum", Handler: sum, ClientStreams: true},
			{StreamName: "Chat", Handler: echo, ServerStreams: true, ClientStreams: true},
			{StreamName: "Fail", Handler: fail},
			{StreamName: "Wait", Handler: wait},
		},
	}, nil)
	check(server.Serve(listener))
}

func begin(stream grpc.ServerStream) {
	asked, _ := metadata.FromIncomingContext(stream.Context())
	stream.SetHeader(metadata.Pairs("x-asked", strings.Join(asked["x-run"], "")))
	stream.SetTrailer(metadata.Pairs("x-end", "over"))
}

func echo(_ any, stream grpc.ServerStream) error {
	begin(stream)
	for {
		var message []byte
		if err := stream.RecvMsg(&message); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
	}
}

func count(_ any, stream grpc.ServerStream) error {
	begin(stream)
	var message []byte
	if err := stream.RecvMsg(&message); err != nil {
		return err
	}
	left, err := strconv.Atoi(string(message))
	for ; left > 0 && err == nil; left-- {
		answer := []byte(strconv.Itoa(left))
		err = stream.SendMsg(&answer)
	}
	return err
}

func sum(_ any, stream grpc.ServerStream) error {
	begin(stream)
	for messages := 0; ; messages++ {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			answer := []byte(strconv.Itoa(messages))
			return stream.SendMsg(&answer)
		}
	}
}

func fail(_ any, stream grpc.ServerStream) error {
	begin(stream)
	var message []byte
	if err := stream.RecvMsg(&message); err != nil {
		return err
	}
	return status.Error(codes.NotFound, string(message))
}

func wait(_ any, stream grpc.ServerStream) error {
	begin(stream)
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	<-stream.Context().Done()
	return status.FromContextError(stream.Context().Err()).Err()
}

type told struct {
	Code     int    `json:"code"`
	Details  string `json:"details"`
	End      string `json:"end"`
	Messages []int  `json:"messages"`
}

type caller struct {
	connection *grpc.ClientConn
	run        string
	lock       sync.Mutex
	told       map[string]told
}

func call(address, run string) {
	connection, err := grpc.Dial(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
	check(err)
	c := &caller{connection: connection, run: run, told: map[string]told{}}
	background := context.Background()
	c.follow(background, "Echo", []string{"Grüße"})
	c.follow(background, "Echo-large", []string{filled("large ")})
	c.follow(background, "Echo-gzip", []string{filled("smaller ")}, grpc.UseCompressor(gzip.Name))
	c.follow(background, "Count", []string{"5"})
	c.follow(background, "Sum", []string{"a", "bb", ""})
	c.follow(background, "Chat", []string{"one", "two", "three", "four"})
	c.follow(background, "Fail", []string{"nicht gefunden: 100 % ☃"})
	short, end := context.WithTimeout(background, 300*time.Millisecond)
	c.follow(short, "Wait-deadline", []string{"x"})
	end()
	c.follow(background, "Wait-cancel", []string{"x"})
	// Many at once, on the one connection.
	var all sync.WaitGroup
	for index := 0; index < 50; index++ {
		all.Add(1)
		go func(index int) {
			defer all.Done()
			c.follow(background, fmt.Sprintf("Echo-many%d", index), []string{fmt.Sprintf("many %d", index)})
		}(index)
	}
	all.Wait()
	check(json.NewEncoder(os.Stdout).Encode(c.told))
	check(connection.Close())
}

func filled(with string) string {
	return string(bytes.Repeat([]byte(with), largeBytes/len(with)+1)[:largeBytes])
}

// Says the messages, and follows the call to its end.
func (c *caller) follow(parent context.Context, name string, messages []string, options ...grpc.CallOption) {
	pairs := metadata.Pairs("x-run", c.run+"-"+name, "x-odd-bin", string([]byte{0, 255, 10}))
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(parent, pairs))
	defer cancel()
	method, _, _ := strings.Cut(name, "-")
	description := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	stream, err := c.connection.NewStream(ctx, description, "/"+service+"/"+method, options...)
	check(err)
	for _, text := range messages {
		message := []byte(text)
		check(stream.SendMsg(&message))
	}
	check(stream.CloseSend())
	if name == "Wait-cancel" {
		_, err = stream.Header()
		check(err)
		cancel()
	}
	lengths := []int{}
	for {
		var message []byte
		if err = stream.RecvMsg(&message); err != nil {
			break
		}
		lengths = append(lengths, len(message))
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	state := status.Convert(err)
	ended := told{int(state.Code()), state.Message(), strings.Join(stream.Trailer()["x-end"], ""), lengths}
	c.lock.Lock()
	c.told[name] = ended
	c.lock.Unlock()
}
