// Package lines answers JSON lines: one answer for each request, in the order of the requests.
package lines

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
)

// Serve answers what stands on standard input, on all cores, until it ends.
//
// A request that is no JSON ends the program. A panic is an answer of its own, {"panic": text}.
func Serve[Request, Answer any](answer func(Request) Answer) {
	log.SetOutput(io.Discard) // engines log to it
	pending := make(chan chan []byte, 16*runtime.NumCPU())
	free := make(chan struct{}, runtime.NumCPU())
	go func() {
		defer close(pending)
		requests := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
		for {
			var request Request
			if err := requests.Decode(&request); err == io.EOF {
				return
			} else if err != nil {
				fmt.Fprintln(os.Stderr, "oracle: read a request:", err)
				os.Exit(1)
			}
			out := make(chan []byte, 1)
			pending <- out
			free <- struct{}{}
			go func() {
				out <- encode(answer, request)
				<-free
			}()
		}
	}()
	write(pending)
}

func write(pending <-chan chan []byte) {
	writer := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer writer.Flush()
	for out := range pending {
		writer.Write(append(<-out, '\n'))
		if len(pending) == 0 {
			writer.Flush()
		}
	}
}

func encode[Request, Answer any](answer func(Request) Answer, request Request) (line []byte) {
	defer func() {
		if cause := recover(); cause != nil {
			line, _ = json.Marshal(map[string]string{"panic": fmt.Sprint(cause)})
		}
	}()
	line, err := json.Marshal(answer(request))
	if err != nil {
		panic(err)
	}
	return line
}
