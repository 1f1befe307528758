// Command schematic answers what the Image Factory's own package makes of a schematic, as JSON lines: {"input": …} in,
// {"id", "canonical"} or {"stage", "error"} out.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"

	"github.com/siderolabs/image-factory/pkg/schematic"
)

type answer struct {
	ID        string `json:"id,omitempty"`
	Canonical string `json:"canonical,omitempty"`
	Stage     string `json:"stage,omitempty"`
	Error     string `json:"error,omitempty"`
}

func main() {
	log.SetFlags(0)

	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)

	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)

	for in.Scan() {
		var request struct {
			Input string `json:"input"`
		}

		if err := json.Unmarshal(in.Bytes(), &request); err != nil {
			log.Fatal(err)
		}

		if err := out.Encode(serve(request.Input)); err != nil {
			log.Fatal(err)
		}
	}

	if err := in.Err(); err != nil {
		log.Fatal(err)
	}
}

func serve(input string) answer {
	s, err := schematic.Unmarshal([]byte(input))
	if err != nil {
		return answer{Stage: "load", Error: err.Error()}
	}

	id, err := s.ID()
	if err != nil {
		return answer{Stage: "id", Error: err.Error()}
	}

	canonical, err := s.Marshal()
	if err != nil {
		return answer{Stage: "canonical", Error: err.Error()}
	}

	return answer{ID: id, Canonical: string(canonical)}
}
